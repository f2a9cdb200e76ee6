package stream

import (
	"slices"

	"ladderd/media"
)

const (
	// toldMost is the highest frame rate believed without being shown: variable
	// rates are told as 1000 or 90000 frames per second.
	toldMost = 120
	// cameraLeast is the rate below which frames show no camera's rate.
	cameraLeast = 10
)

// frameRate believes what was told, in this order, where it is within a tenth of
// what the frames show. Frames that come irregularly or hardly at all show a still
// screen or a bad network and not the encoder's rate: then what was told holds if
// it is higher, since the whole stream would be thinned to a rate too low. Else it
// takes the usual rate nearest to what the frames show.
func frameRate(dts []media.Ticks, told ...media.Rate) media.Rate {
	told = slices.DeleteFunc(told, func(r media.Rate) bool { return !r.Known() || r.Float() > toldMost })
	shown, steady := shownRate(dts)
	for _, r := range told {
		if shown == 0 || r.Float() > 0.9*shown && r.Float() < 1.1*shown {
			return r
		}
	}
	if !steady || shown < cameraLeast {
		for _, r := range told {
			if r.Float() > shown {
				return r
			}
		}
	}
	best, off := media.NominalRate(shown), 0.05
	for _, fps := range []float64{10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 120} {
		if d := shown/fps - 1; max(d, -d) < off {
			best, off = media.NominalRate(fps), max(d, -d)
		}
	}
	return best
}

// shownRate is the frames per second that DTS show, 0 where they show none, and
// whether all of them do: steps far from the median, where frames were left out,
// do not count.
func shownRate(dts []media.Ticks) (fps float64, steady bool) {
	if len(dts) < 3 {
		return 0, false
	}
	steps := make([]media.Ticks, len(dts)-1)
	for i := range steps {
		steps[i] = dts[i+1] - dts[i]
	}
	slices.Sort(steps)
	median := steps[(len(steps)-1)/2]
	if median <= 0 {
		return 0, false
	}
	regular := slices.DeleteFunc(slices.Clone(steps), func(s media.Ticks) bool { return 2*s < median || 2*s > 3*median })
	sum := media.Ticks(0)
	for _, s := range regular {
		sum += s
	}
	return float64(len(regular)) * media.Clock / float64(sum), len(regular) == len(steps)
}
