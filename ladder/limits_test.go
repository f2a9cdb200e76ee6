package ladder

import (
	"strings"
	"testing"
)

func TestCheckAudio(t *testing.T) {
	for _, c := range []struct {
		rate, channels int
		want           string // empty where it is taken
	}{
		{44100, 1, ""}, {44100, 2, ""}, {48000, 1, ""}, {48000, 2, ""},
		{22050, 2, "22050 Hz: set the encoder to 44100 or 48000"}, {32000, 1, "32000 Hz"}, {96000, 2, "96000 Hz"},
		{48000, 6, "6 channels: set the encoder to stereo or mono"}, {48000, 0, "0 channels"},
	} {
		err := CheckAudio(c.rate, c.channels)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d Hz, %d channels: %v, want %q", c.rate, c.channels, err, c.want)
		}
	}
}
