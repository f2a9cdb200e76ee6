package worker

import (
	"strings"
	"testing"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

func TestX264OptionsFitTheRendition(t *testing.T) {
	rate := func(num, den int) media.Rate { return media.Rate{Num: num, Den: den} }
	cases := []struct {
		out       pipeline.VideoOutput
		preset    string
		lookahead string
		cfr       bool
		threads   int
	}{
		{pipeline.VideoOutput{Width: 1920, Height: 1080, Rate: rate(60, 1)}, "superfast", "rc-lookahead=3", true, 3},
		{pipeline.VideoOutput{Width: 1280, Height: 720, Rate: rate(60, 1)}, "superfast", "rc-lookahead=3", true, 1},
		{pipeline.VideoOutput{Width: 1280, Height: 720, Rate: rate(25, 1)}, "superfast", "rc-lookahead=2", true, 1},
		{pipeline.VideoOutput{Width: 852, Height: 480, Rate: rate(30000, 1001)}, "veryfast", "rc-lookahead=2", true, 1},
		{pipeline.VideoOutput{Width: 284, Height: 160}, "veryfast", "rc-lookahead=2", false, 1},
	}
	for _, c := range cases {
		o := x264Options(c.out)
		params := strings.Split(o["x264-params"], ":")
		has := func(want string) bool { return strings.Contains(o["x264-params"]+":", want+":") }
		if o["preset"] != c.preset || !has(c.lookahead) || has("force-cfr=1") != c.cfr {
			t.Errorf("%+v gets %s, %q", c.out, o["preset"], params)
		}
		if got := x264Threads(c.out); got != c.threads {
			t.Errorf("%+v gets %d threads, want %d", c.out, got, c.threads)
		}
	}
}

func TestUnknownOptionsAreErrors(t *testing.T) {
	codec := astiav.FindEncoderByName("libx264")
	ctx := astiav.AllocCodecContext(codec)
	defer ctx.Free()
	ctx.SetTimeBase(astiav.NewRational(1, media.Clock))
	frame := astiav.AllocFrame()
	defer frame.Free()
	frame.SetPixelFormat(astiav.PixelFormatYuv420P)
	applySurface(ctx, picture{frame: frame, on: surface{width: 64, height: 64, format: astiav.PixelFormatYuv420P}})
	if err := open(ctx, codec, map[string]string{"preset": "ultrafast", "no_such": "1"}); err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("got %v", err)
	}
}
