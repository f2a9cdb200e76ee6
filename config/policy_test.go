package config

import "testing"

func TestChannelsInheritHowTheyAreTranscoded(t *testing.T) {
	for _, c := range []struct {
		name     string
		pipeline Pipeline
		channel  Channel
		want     Transcoding
	}{
		{"nothing", Pipeline{Backend: "auto", WhenFull: "refuse"}, Channel{}, Transcoding{"auto", "gpu-then-cpu", "refuse"}},
		{"a backend", Pipeline{Backend: "nvenc", WhenFull: "refuse"}, Channel{}, Transcoding{"nvenc", "gpu", "refuse"}},
		{"its own backend", Pipeline{Backend: "nvenc", WhenFull: "shed"}, Channel{Backend: "x264"}, Transcoding{"x264", "cpu", "shed"}},
		{"a policy", Pipeline{Backend: "auto", Policy: "gpu", WhenFull: "refuse"}, Channel{Backend: "vaapi"}, Transcoding{"vaapi", "gpu", "refuse"}},
		{"its own policy", Pipeline{Backend: "auto", Policy: "gpu", WhenFull: "refuse"}, Channel{Policy: "cpu", WhenFull: "shed"}, Transcoding{"auto", "cpu", "shed"}},
		{"x264 has no GPU before it", Pipeline{Backend: "auto", Policy: "gpu-then-cpu", WhenFull: "refuse"}, Channel{Backend: "x264"}, Transcoding{"x264", "cpu", "refuse"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (&Config{Pipeline: c.pipeline}).Transcoding(c.channel); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
