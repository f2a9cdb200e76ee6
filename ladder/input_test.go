package ladder

import (
	"fmt"
	"testing"
)

func TestParseInput(t *testing.T) {
	for text, want := range map[string]string{
		"1080p60": "1920x1080 60/1", "720p": "1280x720 30/1", "480p29.97": "854x480 30000/1001",
		"720x1280p25": "720x1280 25/1", "640x360p30": "640x360 30/1", "360p15": "640x360 15/1",
		"": "", "1080": "", "p60": "", "1080p0": "", "1080p61": "", "1080i50": "", "1920x1080x60": "", "9p30": "",
	} {
		in, err := ParseInput(text)
		got := ""
		if err == nil {
			got = sizeText(in)
		}
		if got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
		if err == nil && !in.Audio {
			t.Errorf("%q has no audio", text)
		}
	}
}

func sizeText(in Input) string {
	return fmt.Sprintf("%dx%d %d/%d", in.Width, in.Height, in.Rate.Num, in.Rate.Den)
}
