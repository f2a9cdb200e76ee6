package ladder

import (
	"slices"
	"testing"
)

func TestShed(t *testing.T) {
	for _, c := range []struct {
		channel Type
		preset  Preset
		input   string
		want    []string
	}{
		{Standard, "", "1080p60", []string{"360p30", "480p30", "720p60"}},
		{Standard, "", "720p30", []string{"360p30", "480p30", "720p30"}},
		{Standard, "", "1080x1920p30", []string{"360p30", "480p30", "720p30"}},
		{AdvancedHD, "", "1080p30", []string{"360p30", "480p30", "720p30"}},
		{AdvancedHD, ConstrainedBandwidth, "720p30", []string{"360p30", "480p30", "720p30"}},
		{AdvancedSD, "", "1080p30", []string{"360p30", "480p30"}},
		{AdvancedSD, "", "120p30", nil},
		{Basic, "", "1080p30", nil},
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
		for _, i := range Shed(renditions) {
			got = append(got, renditions[i].Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s of %s sheds %v, not %v", c.channel, c.input, got, c.want)
		}
	}
}
