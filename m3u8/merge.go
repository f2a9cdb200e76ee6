package m3u8

import (
	"errors"
	"fmt"
	"slices"
)

// ErrSkippedUnknown is for a delta update that skips segments which the playlist
// before it does not list: a client has to load the whole playlist (rfc8216bis,
// 6.3.7).
var ErrSkippedUnknown = errors.New("the delta update skips segments that the previous playlist does not list")

// Merge makes a whole playlist of the delta update p and the whole playlist before
// it, of which it takes the skipped segments and date ranges. A playlist without
// EXT-X-SKIP is returned as it is. Lines of what comes from previous are previous's.
func (p *Media) Merge(previous *Media) (*Media, error) {
	if p.Skip == nil {
		return p, nil
	}
	whole := *p
	whole.Skip, whole.Segments = nil, nil
	for msn := p.MediaSequence; msn < p.MediaSequence+p.Skip.Segments; msn++ {
		s := previous.Segment(msn)
		if s == nil {
			return nil, fmt.Errorf("%w: segment %d", ErrSkippedUnknown, msn)
		}
		whole.Segments = append(whole.Segments, *s)
	}
	skipped := len(whole.Segments)
	whole.Segments = append(whole.Segments, p.Segments...)
	if skipped > 0 {
		// EXT-X-MAP and EXT-X-KEY of skipped segments hold on for those behind them.
		last := whole.Segments[skipped-1]
		for i := skipped; i < len(whole.Segments); i++ {
			whole.Segments[i].inherit(last, p.Line("EXT-X-KEY") > 0)
		}
		whole.Open.inherit(last, p.Line("EXT-X-KEY") > 0)
	}
	whole.mergeDateRanges(previous, p)
	whole.number()
	return &whole, nil
}

func (s *Segment) inherit(last Segment, keyed bool) {
	if s.Map == nil {
		s.Map = last.Map
	}
	if s.Key == nil && !keyed {
		s.Key = last.Key
	}
}

func (whole *Media) mergeDateRanges(previous, p *Media) {
	whole.DateRanges = nil
	listed := func(id string) bool {
		return slices.ContainsFunc(p.DateRanges, func(d DateRange) bool { return d.ID == id })
	}
	for _, d := range previous.DateRanges {
		if !slices.Contains(p.Skip.Removed, d.ID) && !listed(d.ID) {
			whole.DateRanges = append(whole.DateRanges, d)
		}
	}
	whole.DateRanges = append(whole.DateRanges, p.DateRanges...)
}
