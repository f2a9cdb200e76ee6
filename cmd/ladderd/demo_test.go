package main

import (
	"sync"
	"testing"

	"github.com/alecthomas/kong"

	"ladderd/ladder"
)

// Demos that start at once see the same ports free, and one of them gets those.
func TestDemosStartTogether(t *testing.T) {
	var starts sync.WaitGroup
	for range 8 {
		dir := t.TempDir()
		starts.Go(func() {
			d, _, err := (&demoCommand{Type: string(ladder.Basic)}).open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(d.close)
		})
	}
	starts.Wait()
}

// Of each type that the option offers there is a demo, whose generator keeps to what
// the type takes.
func TestDemosOfAllTypes(t *testing.T) {
	for _, kind := range []ladder.Type{ladder.Standard, ladder.Basic, ladder.AdvancedSD, ladder.AdvancedHD} {
		var c commands
		parser, err := kong.New(&c, kong.Vars{"version": ""})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse([]string{"demo", "--type", string(kind)}); err != nil {
			t.Fatal(err)
		}
		d, cfg, err := c.Demo.open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		d.close()
		if channel := cfg.Channels[0]; string(channel.Type) != string(kind) {
			t.Errorf("the demo's channel is %+v", channel)
		}
		input := ladder.Input{Width: demoWidth, Height: demoHeight}
		if sent, most := c.Demo.bitrate()+demoAudio, ladder.MaxBitrate(kind, input); sent >= most {
			t.Errorf("%s: the generator sends %d b/s, the channel takes %d", kind, sent, most)
		}
	}
}
