package top

import (
	"cmp"
	"slices"
	"strings"
)

// What the daemon calls the states of a stream, and its ingest's health.
const (
	placing  = "waiting for a device"
	waiting  = "waiting for the publisher"
	starving = "STARVING"
)

// sickness is how much somebody is wanted who looks after a stream: 2 where viewers notice
// something, 1 where something is wrong, 0 where all is well.
func (s Stream) sickness() int {
	switch {
	case s.IngestHealth == starving || s.State == waiting || s.workerless():
		return 2
	case s.State == placing || s.ailing() > 0 || len(s.Shed) > 0 || s.Window != nil && s.Window.DiskError != "":
		return 1
	}
	return 0
}

// workerless says that a stream's worker has gone and no other one runs yet.
func (s Stream) workerless() bool { return s.Started && s.Worker != nil && s.Worker.PID == 0 }

// ailing is how many findings there are that are not over.
func (s Stream) ailing() (n int) {
	for _, f := range s.Health {
		if f.Over.IsZero() {
			n++
		}
	}
	return n
}

// behind is how late a stream's renditions are, in ms.
func (s Stream) behind() float64 {
	if s.Worker == nil {
		return 0
	}
	return s.Worker.Behind
}

func (s Stream) restarts() int {
	if s.Worker == nil {
		return 0
	}
	return s.Worker.Restarts
}

// order is one in which streams can be listed; behind it comes the channel's name.
type order struct {
	name string
	less func(a, b Stream) int
}

var orders = []order{
	{"channel", func(a, b Stream) int { return 0 }},
	{"age", func(a, b Stream) int { return b.Since.Compare(a.Since) }}, // newest first
	{"bit rate", func(a, b Stream) int { return cmp.Compare(b.Ingest.Bitrate, a.Ingest.Bitrate) }},
	{"viewers", func(a, b Stream) int { return cmp.Compare(b.Viewers, a.Viewers) }},
	{"behind", func(a, b Stream) int { return cmp.Compare(b.behind(), a.behind()) }},
	{"restarts", func(a, b Stream) int { return cmp.Compare(b.restarts(), a.restarts()) }},
}

// arranged are the streams whose channel's name has the filter in it, sick ones first.
func arranged(streams []Stream, filter string, by order) []Stream {
	filter = strings.ToLower(filter)
	var list []Stream
	for _, s := range streams {
		if strings.Contains(strings.ToLower(s.Channel), filter) {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b Stream) int {
		return cmp.Or(cmp.Compare(b.sickness(), a.sickness()), by.less(a, b), strings.Compare(a.Channel, b.Channel), strings.Compare(a.ID, b.ID))
	})
	return list
}
