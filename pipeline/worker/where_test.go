package worker

import (
	"testing"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

func TestHeartbeatTellsWhatRunsWhere(t *testing.T) {
	rate := media.Rate{Num: 30, Den: 1}
	upright := []pipeline.VideoOutput{{Width: 404, Height: 720, Rate: rate}, {Width: 90, Height: 160, Rate: rate}}
	dev := &device{id: "GPU-1"}
	spare, err := newX264(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	refused := &decoder{device: dev}
	refused.byCPU.Store(true)
	for _, c := range []struct {
		name    string
		decoder *decoder
		backend backend
		want    string
	}{
		{"the CPU alone", &decoder{}, backend{main: spare, scale: swscaling{astiav.PixelFormatYuv420P}}, "decode on the CPU, scale on the CPU, encode by libx264 on the CPU"},
		{
			"all on a GPU but what is too small for it", &decoder{device: dev},
			backend{device: dev, encode: true, main: nvenc{}, spare: spare, scale: deviceScaling{dev}},
			"decode on GPU-1, scale on GPU-1, encode by h264_nvenc on GPU-1 and libx264 on the CPU",
		},
		{
			"a source that the GPU does not decode", refused, backend{device: dev, main: spare, scale: deviceScaling{dev}},
			"decode on the CPU, scale on GPU-1, encode by libx264 on the CPU",
		},
		{"no video", nil, backend{}, "on the CPU"},
	} {
		g := &graph{decoder: c.decoder, backend: &c.backend, job: pipeline.Job{Videos: upright}}
		if got := g.where(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
