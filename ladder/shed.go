package ladder

import (
	"cmp"
	"slices"
)

// Shed are the ways to leave out renditions where a machine has no room for all, as indexes:
// nothing first, then each so that viewers lose the least bit rate, which costs the least
// work too. Of what is encoded the smallest always stays, for viewers who can take no
// other; and so does the source's video, which costs nothing.
func Shed(renditions []Rendition) (choices [][]int) {
	var encoded []int
	for i, r := range renditions {
		if r.Video == Transcode {
			encoded = append(encoded, i)
		}
	}
	slices.SortStableFunc(encoded, func(a, b int) int {
		return cmp.Compare(renditions[a].Width*renditions[a].Height, renditions[b].Width*renditions[b].Height)
	})
	if len(encoded) > 0 {
		encoded = encoded[1:]
	}
	for bits := range 1 << len(encoded) {
		var choice []int
		for i, r := range encoded {
			if bits>>i&1 == 1 {
				choice = append(choice, r)
			}
		}
		choices = append(choices, choice)
	}
	slices.SortStableFunc(choices, func(a, b []int) int { return cmp.Compare(lost(renditions, a), lost(renditions, b)) })
	return choices
}

// lost is the bit rate of some renditions' video together, in bits per second.
func lost(renditions []Rendition, some []int) (bits int) {
	for _, i := range some {
		bits += renditions[i].VideoBitrate
	}
	return bits
}
