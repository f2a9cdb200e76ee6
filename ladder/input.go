package ladder

import (
	"fmt"
	"regexp"
	"strconv"

	"ladderd/media"
)

var inputs = regexp.MustCompile(`^(?:(\d{2,5})x)?(\d{2,5})p(\d{1,3}(?:\.\d{1,3})?)?$`)

// writtenRate is the highest frame rate of the guide's.
const writtenRate = 60

// ParseInput reads an input as people write it: "1080p60" is 1920×1080 at 60 frames per
// second, "720p" one of 30, "720x1280p25" one upright. It has audio.
func ParseInput(s string) (Input, error) {
	m := inputs.FindStringSubmatch(s)
	if m == nil {
		return Input{}, fmt.Errorf("input %q is none: write it as 1080p60, 720x1280p25, or 720p for one of 30 frames a second", s)
	}
	in := Input{Rate: media.Rate{Num: slowest, Den: 1}, Audio: true}
	in.Height, _ = strconv.Atoi(m[2]) // digits, as below
	in.Width, _ = strconv.Atoi(m[1])
	if m[1] == "" {
		in.Width = (in.Height*16/9 + 1) &^ 1
	}
	if m[3] == "" {
		return in, nil
	}
	fps, _ := strconv.ParseFloat(m[3], 64)
	if in.Rate = media.NominalRate(fps); !in.Rate.Known() || fps > writtenRate {
		return Input{}, fmt.Errorf("input %q has no frame rate of at most %d", s, writtenRate)
	}
	return in, nil
}
