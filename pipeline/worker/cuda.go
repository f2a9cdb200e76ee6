package worker

import (
	"fmt"
	"os"

	"github.com/asticode/go-astiav"
)

// openCUDA opens an NVIDIA GPU by its UUID. Ordinals change with the driver's mood and
// with the GPUs that a process may see, so all others are hidden from CUDA, which reads
// that once, when it is loaded: one worker, one GPU.
func openCUDA(id string) (*device, error) {
	if err := os.Setenv("CUDA_VISIBLE_DEVICES", id); err != nil {
		return nil, fmt.Errorf("choose the GPU: %w", err)
	}
	before := libavSaid.mark()
	ctx, err := astiav.CreateHardwareDeviceContext(astiav.HardwareDeviceTypeCUDA, "0", nil, 0)
	if err != nil {
		return nil, deviceFault(before, fmt.Errorf("open CUDA: %w", err))
	}
	return &device{
		id: id, ctx: ctx, opening: openingOf(id), format: astiav.PixelFormatCuda,
		uploads: []astiav.PixelFormat{astiav.PixelFormatNv12, astiav.PixelFormatYuv420P},
		scaler:  scaleCUDA, deinterlacer: func(int) string { return "bwdif_cuda=mode=send_frame:deint=interlaced" },
	}, nil
}

// scaleCUDA is bicubic, as in main memory. Without passthrough=0 the filter hands out
// its input where that has the right size and format already.
func scaleCUDA(to surface) string {
	return fmt.Sprintf("scale_cuda=w=%d:h=%d:format=%s:interp_algo=bicubic:passthrough=0", to.width, to.height, to.format)
}
