package ladder

import (
	"cmp"
	"slices"
)

// Shed are the renditions that a machine without room may leave out, by their indexes and in
// the order in which they go: of those that are encoded the smallest first, since viewers
// miss the least bit rate then, and the largest last. The smallest of all stays, for
// viewers who can take no other; and so does the source's video, which costs nothing.
func Shed(renditions []Rendition) (order []int) {
	for i, r := range renditions {
		if r.Video == Transcode {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(renditions[a].Width*renditions[a].Height, renditions[b].Width*renditions[b].Height)
	})
	if len(order) < 2 {
		return nil
	}
	return order[1:]
}
