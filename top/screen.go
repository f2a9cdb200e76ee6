package top

import (
	"slices"
	"time"
)

// Screen is what is looked at: the daemon's last answer, and what keys have asked for.
type Screen struct {
	address       string // where the daemon is asked
	paint         Paint
	width, height int

	last  Snapshot
	taken time.Time // by our clock, when last came; zero before

	missed error     // why there is no answer; nil while there is
	since  time.Time // the first that did not come

	view     view
	before   view // the one that help hides
	paused   bool
	order    int // of orders
	filter   string
	typing   bool   // keys go into the filter
	selected string // the chosen stream's ID; empty for whichever is first
	row      int    // where it was last
	detailed Stream // the one of details, as it was seen last
	ended    bool   // it is not there any more
	scroll   int    // of details
}

// view is one of the things that a Screen shows.
type view int

const (
	listView view = iota
	detailView
	helpView
)

// New is a screen that waits for its first answer from an address.
func New(address string, paint Paint) *Screen {
	return &Screen{address: address, paint: paint, width: 80, height: 24}
}

// Resize tells the terminal's size in characters.
func (s *Screen) Resize(width, height int) { s.width, s.height = max(width, 1), max(height, 1) }

// Take shows an answer that has come.
func (s *Screen) Take(shot Snapshot, now time.Time) {
	s.missed = nil
	if s.paused {
		return
	}
	s.last, s.taken = shot, now
	if s.view == detailView {
		s.look()
	}
}

// Miss tells why an answer has not come. What was there last stays.
func (s *Screen) Miss(err error, now time.Time) {
	if s.missed == nil {
		s.since = now
	}
	s.missed = err
}

// look takes what is new of the stream of details.
func (s *Screen) look() {
	i := slices.IndexFunc(s.last.Streams, func(k Stream) bool { return k.ID == s.detailed.ID })
	s.ended = i < 0
	if i >= 0 {
		s.detailed = s.last.Streams[i]
	}
}

// streams are those in the list, in order.
func (s *Screen) streams() []Stream {
	return arranged(s.last.Streams, s.filter, orders[s.order])
}

// place is where the chosen stream is in the list: where it was, if it has ended.
func (s *Screen) place(streams []Stream) int {
	if s.selected == "" {
		return 0
	}
	i := slices.IndexFunc(streams, func(k Stream) bool { return k.ID == s.selected })
	if i >= 0 {
		return i
	}
	return max(min(s.row, len(streams)-1), 0)
}

// daemonTime is now by the clock of the daemon whose times are shown.
func (s *Screen) daemonTime() time.Time {
	if s.last.At.IsZero() {
		return s.taken
	}
	return s.last.At
}
