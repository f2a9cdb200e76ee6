package overload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ladderd/testassets/await"
	"ladderd/testassets/hls"
)

// Lateness is how late parts were, by the nearest rank.
type Lateness struct {
	Parts int `json:"parts"`
	// Behind is how long after the end of its media a part was listed; the media's own time
	// is that at which the source came, by EXT-X-PROGRAM-DATE-TIME.
	Behind Percentiles `json:"behind"`
	// Apart is by how much the same part was listed later in the last rendition than in the first.
	Apart Percentiles `json:"apart"`
	// Last and First are the medians of Behind over the last and the first third of the time:
	// a machine that cannot keep up falls behind more and more.
	First time.Duration `json:"first_third_ns"`
	Last  time.Duration `json:"last_third_ns"`
}

// Percentiles are in nanoseconds.
type Percentiles struct {
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// lateness is measured by a viewer of each of a channel's renditions.
type lateness struct {
	disturbed string
	viewers   sync.WaitGroup

	mu     sync.Mutex
	behind []time.Duration // in the order in which parts came
	listed map[place][]time.Time
	apart  []time.Duration
	failed error
}

// place is a part's in the stream.
type place struct {
	msn  int64
	part int
}

// watch follows all renditions of a channel with pictures until ctx ends.
func watch(ctx context.Context, url string) (*lateness, error) {
	var client hls.Client
	var variants []hls.Variant
	err := await.Until(ctx, "its playlist", nil, func() (ok bool, err error) {
		variants, err = client.Variants(ctx, url)
		return err == nil, ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	l := &lateness{listed: map[place][]time.Time{}}
	for _, v := range variants {
		l.viewers.Go(func() {
			var before *hls.Playlist
			_, err := client.Follow(ctx, v.URL, func(p *hls.Playlist) {
				if before != nil && !p.Ended { // the first shows what came before the viewer
					l.seen(p)
				}
				before = p
			})
			if ctx.Err() == nil {
				l.fail(fmt.Errorf("%s: %w", v.Name, err))
			}
		})
	}
	return l, nil
}

// Measure follows these channels until ctx ends, and says how late their parts were.
func Measure(ctx context.Context, urls []string) (Lateness, error) {
	all := &lateness{listed: map[place][]time.Time{}}
	var each []*lateness
	var failed error
	for _, url := range urls {
		l, err := watch(ctx, url)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		each = append(each, l)
	}
	for _, l := range each {
		failed = errors.Join(failed, l.wait())
		all.add(l)
	}
	return all.figures(), failed
}

func (l *lateness) wait() error {
	l.viewers.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for at, times := range l.listed {
		if len(times) > 1 {
			l.apart = append(l.apart, slices.MaxFunc(times, time.Time.Compare).Sub(slices.MinFunc(times, time.Time.Compare)))
		}
		delete(l.listed, at)
	}
	return l.failed
}

func (l *lateness) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = err
	}
}

// seen takes a state of a playlist.
func (l *lateness) seen(p *hls.Playlist) {
	now := time.Now()
	end, known := endOf(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	if known {
		l.behind = append(l.behind, now.Sub(end))
	}
	msn, part := p.Next()
	at := place{msn, part}
	l.listed[at] = append(l.listed[at], now)
}

// endOf is the time at which the last part of a playlist's ends; false where it is not told.
func endOf(p *hls.Playlist) (end time.Time, known bool) {
	switch n := len(p.Segments); {
	case n > 0:
		last := p.Segments[n-1]
		end = last.DateTime.Add(last.Duration)
	case !p.Open.DateTime.IsZero():
		end = p.Open.DateTime
	default:
		return end, false
	}
	for _, part := range p.Open.Parts {
		end = end.Add(part.Duration)
	}
	return end, true
}

// add takes another one's figures.
func (l *lateness) add(other *lateness) {
	l.behind, l.apart = append(l.behind, other.behind...), append(l.apart, other.apart...)
}

func (l *lateness) figures() Lateness {
	third := len(l.behind) / 3
	return Lateness{
		Parts: len(l.behind), Behind: percentiles(l.behind), Apart: percentiles(l.apart),
		First: percentiles(l.behind[:third]).P50, Last: percentiles(l.behind[len(l.behind)-third:]).P50,
	}
}

func percentiles(values []time.Duration) (p Percentiles) {
	if len(values) == 0 {
		return p
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := func(percent int) time.Duration { return sorted[max((len(sorted)*percent+99)/100, 1)-1] }
	return Percentiles{rank(50), rank(99), rank(100)}
}

// String is for people.
func (p Percentiles) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "p50 %.2f s, p99 %.2f s, at most %.2f s", p.P50.Seconds(), p.P99.Seconds(), p.Max.Seconds())
	return b.String()
}
