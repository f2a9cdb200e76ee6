package worker

import (
	"testing"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

func TestRenditionsTooSmallForNVENCAreX264s(t *testing.T) {
	b := &backend{main: nvenc{}, spare: x264{}}
	cases := []struct {
		width, height int
		want          string
	}{
		{1280, 720, "h264_nvenc"}, {284, 160, "h264_nvenc"}, {160, 284, "h264_nvenc"},
		{90, 160, "libx264"}, {256, 144, "libx264"},
	}
	for _, c := range cases {
		if got := b.encoding(pipeline.VideoOutput{Width: c.width, Height: c.height}).name(); got != c.want {
			t.Errorf("%dx%d is encoded by %s, want %s", c.width, c.height, got, c.want)
		}
	}
}

func TestDeviceIsAlwaysToldAFrameRate(t *testing.T) {
	film := media.Rate{Num: 24000, Den: 1001}
	if got := frameRate(pipeline.VideoOutput{Rate: film}); got != film {
		t.Errorf("got %v", got)
	}
	if got := frameRate(pipeline.VideoOutput{}); got != (media.Rate{Num: 30, Den: 1}) {
		t.Errorf("got %v where none is known", got)
	}
}

// libav finds out only when an encoder opens whether it knows an option, and without a
// driver none does.
func TestNVENCKnowsItsOptions(t *testing.T) {
	ctx := astiav.AllocCodecContext(astiav.FindEncoderByName("h264_nvenc"))
	defer ctx.Free()
	for name, value := range nvencOptions {
		if err := ctx.PrivateData().Options().Set(name, value, astiav.NewOptionSearchFlags()); err != nil {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}
