package metrics

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dawn is when tests begin: a whole week since 1970, so that all levels begin with it.
var dawn = time.Unix(2900*7*24*3600, 0).UTC()

// clock is a time that tests set.
type clock struct{ at atomic.Int64 }

func clockAt(t time.Time) *clock {
	c := new(clock)
	c.at.Store(t.UnixNano())
	return c
}

func (c *clock) now() time.Time        { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) pass(d time.Duration)  { c.at.Add(int64(d)) }
func (c *clock) second() int64         { return c.now().Unix() }
func after(d time.Duration) time.Time  { return dawn.Add(d) }
func (s *Store) flushNow()             { s.flush(s.now(), false) }
func ofChannel(name, id string) Series { return Series{IVS, name, []Dimension{{Channel, id}}} }
func failOn(t rapid.TB, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}

// said is what a log says.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) count(words string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), words)
}

func (s *said) log() *slog.Logger { return slog.New(slog.NewTextHandler(s, nil)) }

// opened is a store that is closed with the test.
func opened(t *testing.T, path string, c *clock) (*Store, *said) {
	t.Helper()
	log := new(said)
	s := Open(Options{Path: path, Log: log.log(), now: c.now})
	t.Cleanup(func() { failOn(t, s.Close()) })
	return s, log
}

// model is what all samples were.
type model map[string]map[int64][]float64 // by series, by Unix second

func (m model) add(s Series, at int64, v float64) {
	if m[s.key()] == nil {
		m[s.key()] = make(map[int64][]float64)
	}
	m[s.key()][at] = append(m[s.key()][at], v)
}

// read recomputes from raw what Read is to give, by the guide's table alone.
func (m model) read(s Series, now, from, to, period int64) []Point {
	from = down(from, period)
	buckets := make(map[int64]*Point)
	for at, values := range m[s.key()] {
		if metric, _ := Find(s.Namespace, s.Name); !metric.Fine {
			at = down(at, 60)
		}
		for _, level := range []struct{ res, keep, next int64 }{{1, 3 * 3600, 60}, {60, 15 * 86400, 300}, {300, 63 * 86400, 3600}, {3600, 455 * 86400, 3600}} {
			if at < down(now-level.keep, level.next) {
				continue // its points of this length are gone
			}
			begins := down(down(at, level.res), period)
			if period%level.res == 0 {
				begins = down(at, period)
			}
			if first := down(at, level.res); period%level.res != 0 && first < from || begins < from || begins >= to {
				break
			}
			b := buckets[begins]
			if b == nil {
				b = &Point{At: time.Unix(begins, 0).UTC(), Min: values[0], Max: values[0]}
				buckets[begins] = b
			}
			for _, v := range values {
				b.Sum, b.Min, b.Max, b.Count = b.Sum+v, min(b.Min, v), max(b.Max, v), b.Count+1
			}
			break
		}
	}
	out := []Point{}
	for _, b := range buckets {
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b Point) int { return a.At.Compare(b.At) })
	return out
}

// TestRollUpsEqualRawData has random samples at random times, restarts, crashes and clocks that
// are set back, and looks at them at each age.
func TestRollUpsEqualRawData(t *testing.T) {
	all := []Series{
		ofChannel("IngestBitrate", "a"), ofChannel("IngestBitrate", "b"), ofChannel("KeyframeInterval", "a"),
		ofChannel("LiveInputTime", "a"), {IVS, "ConcurrentViews", nil},
	}
	// A hundred, rapid's own number, take 15 s of CPU: `go test -rapid.checks=1000` for more.
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		failOn(t, f.Value.Set("25"))
		defer f.Value.Set(f.DefValue)
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "metrics")
		failOn(t, err)
		defer os.RemoveAll(dir)
		c := clockAt(after(time.Duration(rapid.IntRange(0, 20*24*3600).Draw(t, "beginning")) * time.Second))
		open := func() *Store {
			return Open(Options{Path: filepath.Join(dir, "metrics.db"), Log: slog.New(slog.DiscardHandler), now: c.now})
		}
		s, raw := open(), model{}
		defer func() { failOn(t, s.Close()) }()
		t.Repeat(map[string]func(*rapid.T){
			"measure": func(t *rapid.T) {
				for range rapid.IntRange(1, 200).Draw(t, "seconds") {
					for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, 3).Draw(t, "series") {
						v := float64(rapid.IntRange(-5, 1<<20).Draw(t, "value"))
						s.Add(all[i], c.now(), v)
						raw.add(all[i], c.second(), v)
					}
					c.pass(time.Second)
				}
			},
			"pass": func(t *rapid.T) {
				longest := rapid.SampledFrom([]int{100, 4000, 30_000, 700_000, 8_000_000}).Draw(t, "longest")
				c.pass(time.Duration(rapid.IntRange(1, longest).Draw(t, "seconds")) * time.Second)
				for was := [len(levels)]int64{-1}; was != s.ahead; s.flushNow() { // as it would have all the while
					was = s.ahead
				}
			},
			"set back": func(t *rapid.T) {
				c.pass(-time.Duration(rapid.IntRange(1, 20_000).Draw(t, "seconds")) * time.Second)
			},
			"flush": func(t *rapid.T) { s.flushNow() },
			"restart": func(t *rapid.T) {
				failOn(t, s.Close())
				s = open()
			},
			"crash": func(t *rapid.T) {
				s.flushNow()
				s.stop()
				s.done.Wait()
				failOn(t, s.db.Close())
				s = open()
			},
			"": func(t *rapid.T) {
				period := rapid.SampledFrom([]int64{1, 5, 10, 30, 60, 120, 300, 900, 3600, 7200, 86400}).Draw(t, "period")
				one := rapid.SampledFrom(all).Draw(t, "read")
				back := rapid.SampledFrom([]int64{200, 4 * 3600, 20 * 86400, 100 * 86400, 500 * 86400}).Draw(t, "back")
				from, to := c.second()-back, c.second()+1
				got, err := s.Read(t.Context(), one, time.Unix(from, 0), time.Unix(to, 0), time.Duration(period)*time.Second)
				failOn(t, err)
				if want := raw.read(one, max(c.second(), s.expired), from, to, period); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%v by %d s of the last %d s:\n%v\nwant\n%v", one, period, back, got, want)
				}
			},
		})
	})
}

// Whoever measures, writes and reads does so at the same time, and nothing is counted twice or
// missed meanwhile.
func TestReadersSeeAllWhileItIsWritten(t *testing.T) {
	c := clockAt(dawn)
	s, _ := opened(t, filepath.Join(t.TempDir(), "metrics.db"), c)
	var measured atomic.Int64
	var work sync.WaitGroup
	over := make(chan struct{})
	work.Go(func() {
		defer close(over)
		for range 3000 {
			s.Add(ofChannel("IngestBitrate", "a"), c.now(), 1)
			measured.Add(1)
			c.pass(time.Second)
		}
	})
	work.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				s.flushNow()
			}
		}
	})
	for reading := true; reading; {
		select {
		case <-over:
			reading = false
		default:
		}
		least := measured.Load()
		points, err := s.Read(t.Context(), ofChannel("IngestBitrate", "a"), dawn, after(time.Hour), time.Hour)
		failOn(t, err)
		most, got := measured.Load()+1, int64(0)
		for _, p := range points {
			got += p.Count
		}
		if got < least || got > most {
			t.Errorf("%d samples, of %d to %d", got, least, most)
		}
	}
	work.Wait()
}
