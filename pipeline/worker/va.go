package worker

import (
	"fmt"
	"os"

	"github.com/asticode/go-astiav"
)

// openVA opens the GPU behind a render node, as Intel's and AMD's drivers offer it.
func openVA(node string) (*device, error) {
	if err := reachable(node); err != nil {
		return nil, err
	}
	options := astiav.NewDictionary()
	defer options.Free()
	// Else libav asks X11 as well, and says nothing about the node.
	if err := options.Set("connection_type", "drm", 0); err != nil {
		return nil, err
	}
	before := libavSaid.mark()
	ctx, err := astiav.CreateHardwareDeviceContext(astiav.HardwareDeviceTypeVAAPI, node, options, 0)
	if err != nil {
		return nil, deviceFault(before, fmt.Errorf("open VAAPI: %w", err))
	}
	return &device{
		id: node, ctx: ctx, opening: openingOf(node), format: astiav.PixelFormatVaapi,
		uploads: []astiav.PixelFormat{astiav.PixelFormatNv12},
		scaler:  scaleVA, deinterlacer: deinterlaceVA, lends: true,
	}, nil
}

// reachable finds out whether a render node can be opened: libav tells all reasons why
// not alike.
func reachable(node string) error {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open the render node: %w", err)
	}
	return f.Close()
}

// scaleVA is the driver's best way of scaling; what that is differs between drivers.
func scaleVA(to surface) string {
	return fmt.Sprintf("scale_vaapi=w=%d:h=%d:format=%s:mode=hq", to.width, to.height, to.format)
}

// deinterlaceVA has each picture's first field alone. Where a driver's better ways want
// the pictures before and after, libav's filter gives no picture for a broadcast's first
// ones, and keeps its last. Its pictures come from a pool that does not grow.
func deinterlaceVA(inFlight int) string {
	return fmt.Sprintf("deinterlace_vaapi=mode=bob:rate=frame:auto=1:extra_hw_frames=%d", inFlight)
}
