package ladder

import (
	"slices"
	"strings"
	"testing"
)

func TestShed(t *testing.T) {
	for _, c := range []struct {
		channel Type
		preset  Preset
		input   string
		want    []string
	}{
		{Standard, "", "1080p60", []string{
			"", "360p30", "480p30", "360p30 480p30", "720p60", "360p30 720p60", "480p30 720p60", "360p30 480p30 720p60",
		}},
		{AdvancedHD, ConstrainedBandwidth, "720p30", []string{
			"", "360p30", "480p30", "360p30 480p30", "720p30", "360p30 720p30", "480p30 720p30", "360p30 480p30 720p30",
		}},
		{AdvancedSD, "", "1080x1920p30", []string{"", "360p30", "480p30", "360p30 480p30"}},
		{AdvancedSD, "", "120p30", []string{""}},
		{Basic, "", "1080p30", []string{""}},
	} {
		in, err := ParseInput(c.input)
		if err != nil {
			t.Fatal(err)
		}
		renditions, err := For(c.channel, c.preset, in)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, choice := range Shed(renditions) {
			var names []string
			for _, i := range choice {
				names = append(names, renditions[i].Name)
			}
			got = append(got, strings.Join(names, " "))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s of %s sheds %q, not %q", c.channel, c.input, got, c.want)
		}
	}
}
