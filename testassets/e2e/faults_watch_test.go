package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ladderd/testassets/hls"
)

// arrivals is when a viewer of all renditions saw each part listed.
type arrivals struct {
	mu     sync.Mutex
	far    *progress
	target time.Duration // PART-TARGET
	parts  map[string][]arrival
}

// arrival is a part's.
type arrival struct {
	at         time.Time // when it was there
	begin, end time.Time // of its media, as the playlist dates them
	msn        int64
	first      bool // it was there already when the viewer came
}

func newArrivals() *arrivals {
	return &arrivals{far: newProgress(), parts: map[string][]arrival{}}
}

func (a *arrivals) seen(v hls.Variant, p *hls.Playlist) {
	now := time.Now()
	a.far.seen(v, p)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.target = p.PartTarget
	had := a.parts[v.Name]
	for _, part := range listed(p) {
		if n := len(had); n > 0 && !part.begin.After(had[n-1].begin.Add(p.PartTarget/10)) {
			continue
		}
		part.at, part.first = now, len(a.parts[v.Name]) == 0
		had = append(had, part)
	}
	a.parts[v.Name] = had
}

// listed are the parts of a playlist, with the times of their media.
func listed(p *hls.Playlist) (parts []arrival) {
	open := p.Open
	open.MSN = p.MediaSequence + int64(len(p.Segments))
	if n := len(p.Segments); n > 0 && open.DateTime.IsZero() {
		open.DateTime = p.Segments[n-1].DateTime.Add(p.Segments[n-1].Duration)
	}
	for _, s := range append(slices.Clone(p.Segments), open) {
		at := s.DateTime
		for _, part := range s.Parts {
			parts = append(parts, arrival{begin: at, end: at.Add(part.Duration), msn: s.MSN})
			at = at.Add(part.Duration)
		}
	}
	return parts
}

// midst says whether all renditions are in the midst of a segment that is not the first, and
// the viewer has seen for long enough how parts come.
func (a *arrivals) midst(renditions int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	there := 0
	for _, parts := range a.parts {
		seen := 0
		for _, p := range parts {
			if !p.first {
				seen++
			}
		}
		if last := parts[len(parts)-1].msn; last > 0 && seen >= phase && count(parts, last) >= phase {
			there++
		}
	}
	return there >= renditions
}

// past says whether all renditions are past the midst of a segment.
func (a *arrivals) past(renditions int, msn int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	there := 0
	for _, parts := range a.parts {
		if parts[len(parts)-1].msn > msn || count(parts, msn) >= phase {
			there++
		}
	}
	return there >= renditions
}

// count is how many parts of a segment there are.
func count(parts []arrival, msn int64) (n int) {
	for _, p := range parts {
		if p.msn == msn {
			n++
		}
	}
	return n
}

// stall is how long players have to wait because of what happened at a moment, in the
// rendition in which they wait longest.
//
// The player is three part targets behind live (PART-HOLD-BACK): it shows the time e−3T of
// the media when a part that ends at e comes, as the median of the parts has it that came in
// the two seconds before the moment. It never plays faster. A part that is not there when
// its first picture is due is waited for, and all that follows is due that much later; the
// stall is the sum of these waits. A picture that stands is no stall: it is media lost.
func (a *arrivals) stall(moment time.Time) (time.Duration, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	longest := time.Duration(0)
	for name, parts := range a.parts {
		behind, ok := usual(parts, moment)
		if !ok {
			return 0, fmt.Errorf("%s: no part came in the two seconds before it", name)
		}
		behind += 3 * a.target
		stood := time.Duration(0)
		for _, p := range parts {
			if wait := p.at.Sub(p.begin) - behind - stood; p.at.After(moment) && wait > 0 {
				stood += wait
			}
		}
		longest = max(longest, stood)
	}
	return longest, nil
}

// catchable is how much later than before a stream may be: its worker makes up for that when
// the publisher ends, in less time than it is given for that.
const catchable = 3 * time.Second

// nearlyLive says whether parts come about as soon after their media again as before a
// moment, in all renditions.
func (a *arrivals) nearlyLive(moment time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, parts := range a.parts {
		last := parts[len(parts)-1]
		if before, ok := usual(parts, moment); ok && last.at.Sub(last.end) > before+catchable {
			return false
		}
	}
	return true
}

// usual is how long after the end of its media a part was there, before a moment.
func usual(parts []arrival, moment time.Time) (time.Duration, bool) {
	var delays []time.Duration
	for _, p := range parts {
		if before := moment.Sub(p.at); !p.first && before > 0 && before < 2*time.Second {
			delays = append(delays, p.at.Sub(p.end))
		}
	}
	if len(delays) == 0 {
		return 0, false
	}
	slices.Sort(delays)
	return delays[len(delays)/2], true
}

// playable is when all renditions had a part.
func (a *arrivals) playable() (last time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, parts := range a.parts {
		if at := parts[0].at; at.After(last) {
			last = at
		}
	}
	return last
}

// mediaLost is how much of a rendition's picture is not there: where it stands for longer than
// a publisher makes it, whose clip begins anew, and before its first picture, as the source's
// first IDR is at 1 s of a stream's clock.
func mediaLost(r *hls.Rendition) time.Duration {
	if !r.HasVideo() {
		return 0
	}
	const began, seam = 90000, 90000 / 10
	var times []int64
	for _, p := range r.Video {
		times = append(times, p.PTS)
	}
	slices.Sort(times)
	frame := int64(90000 / r.FrameRate)
	lost := times[0] - began
	if lost < frame {
		lost = 0
	}
	for i, at := range times[1:] {
		if gap := at - times[i]; gap > seam {
			lost += gap - frame
		}
	}
	return time.Duration(lost) * time.Second / 90000
}

// loggedAfter is when the daemon first logged a message after a moment.
func loggedAfter(log, message string, moment time.Time) (time.Time, bool) {
	for line := range strings.Lines(log) {
		stamp, rest, found := strings.Cut(strings.TrimPrefix(line, "time="), " ")
		if !found || !strings.Contains(rest, `msg="`+message) {
			continue
		}
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil && at.After(moment) {
			return at, true
		}
	}
	return time.Time{}, false
}
