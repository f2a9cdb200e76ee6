package metrics

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// studio is a source that tests arrange.
type studio struct {
	streams   []Stream
	delivered []Delivered
}

func (s *studio) Streams() []Stream      { return slices.Clone(s.streams) }
func (s *studio) Delivered() []Delivered { return slices.Clone(s.delivered) }

// bench is a collector whose seconds a test passes.
type bench struct {
	*Collector
	t      *testing.T
	clock  *clock
	source *studio
}

func newBench(t *testing.T) *bench {
	c := clockAt(dawn)
	store, _ := opened(t, filepath.Join(t.TempDir(), "metrics.db"), c)
	source := new(studio)
	return &bench{newCollector(store, source), t, c, source}
}

// second lets one pass, and measures it.
func (b *bench) second() {
	b.clock.pass(time.Second)
	b.measure(b.clock.now())
}

// minute is what a series measured in a minute; nil for nothing.
func (b *bench) minute(n int, s Series) *Point {
	b.t.Helper()
	at := after(time.Duration(n) * time.Minute)
	points, err := b.store.Read(b.t.Context(), s, at, at.Add(time.Minute), time.Minute)
	failOn(b.t, err)
	if len(points) == 0 {
		return nil
	}
	return &points[0]
}

func (b *bench) expect(minute int, s Series, want string) {
	b.t.Helper()
	got := "none"
	if p := b.minute(minute, s); p != nil {
		got = fmt.Sprintf("%.6g of %d, %g to %g", p.Sum, p.Count, p.Min, p.Max)
	}
	if got != want {
		b.t.Errorf("minute %d of %v: %s, want %s", minute, s, got, want)
	}
}

// on is a second of a stream: 30 frames of 4 Mb/s with sound.
func (s *Stream) on(at time.Time) {
	s.At = at
	s.Total.VideoBits += 4_000_000
	s.Total.AudioBits += 128_000
	s.Total.Bits += 4_130_000
	s.Total.Frames += 30
	s.Total.Media += time.Second
	s.KeyframeInterval = 2 * time.Second
}

var account = func(name string) Series { return Series{Namespace: IVS, Name: name} }

// Live with nobody watching is 0; not live is no data (guide, lines 2342–2349).
func TestNobodyWatchingIsNoNothing(t *testing.T) {
	b := newBench(t)
	for range 60 {
		b.second()
	}
	b.source.streams = []Stream{{ID: "st-1", Channel: "a", Health: "HEALTHY"}}
	for range 60 { // not yet live
		b.second()
	}
	b.source.streams[0].Live = true
	for range 60 {
		b.second()
	}
	b.source.streams[0].Views, b.source.streams[0].Health = 7, "STARVING"
	for range 60 {
		b.second()
	}
	b.source.streams = nil
	for range 60 {
		b.second()
	}
	health := func(h string) Series { return Series{IVS, "ConcurrentStreams", []Dimension{{Health, h}}} }
	for series, want := range map[*Series][5]string{
		{IVS, "ConcurrentViews", nil}:                         {"none", "none", "0 of 60, 0 to 0", "420 of 60, 7 to 7", "none"},
		{IVS, "ConcurrentViews", []Dimension{{Channel, "a"}}}: {"none", "none", "0 of 60, 0 to 0", "420 of 60, 7 to 7", "none"},
		{IVS, "ConcurrentStreams", nil}:                       {"none", "none", "60 of 60, 1 to 1", "60 of 60, 1 to 1", "none"},
		ptr(health("HEALTHY")):                                {"none", "none", "60 of 60, 1 to 1", "0 of 60, 0 to 0", "none"},
		ptr(health("STARVING")):                               {"none", "none", "0 of 60, 0 to 0", "60 of 60, 1 to 1", "none"},
		ptr(usage("ConcurrentViews")):                         {"none", "none", "0 of 60, 0 to 0", "420 of 60, 7 to 7", "none"},
		ptr(usage("ConcurrentStreams")):                       {"none", "none", "60 of 60, 1 to 1", "60 of 60, 1 to 1", "none"},
		ptr(account("LiveDeliveredTime")):                     {"none", "none", "0 of 60, 0 to 0", "0 of 60, 0 to 0", "none"},
		ptr(account("LiveInputTime")):                         {"none", "none", "0 of 60, 0 to 0", "0 of 60, 0 to 0", "none"},
		ptr(account("RecordedTime")):                          {"none", "none", "none", "none", "none"},
		ptr(ofChannel("IngestBitrate", "a")):                  {"none", "none", "none", "none", "none"}, // nothing was counted
	} {
		for minute, want := range want {
			b.expect(minute, *series, want)
		}
	}
}

func ptr(s Series) *Series { return &s }

// The rates are those of the stream's seconds, whatever the two clocks do.
func TestRatesFollowTheStreamsSeconds(t *testing.T) {
	b := newBench(t)
	s := Stream{ID: "st-1", Channel: "a", Health: "HEALTHY", Live: true}
	for n := range 120 {
		// Its second ends at nearly the same time as ours: now before it, now after.
		if n%7 != 3 {
			s.on(after(time.Duration(n) * time.Second))
		}
		if n%7 == 4 { // both at once
			s.on(after(time.Duration(n) * time.Second))
		}
		b.source.streams = []Stream{s}
		b.second()
	}
	track := func(name string) Series { return Series{IVS, name, []Dimension{{Channel, "a"}, {Track, "Track0"}}} }
	for series, want := range map[*Series]string{
		ptr(ofChannel("IngestBitrate", "a")):      "2.478e+08 of 60, 4.13e+06 to 4.13e+06",
		ptr(ofChannel("IngestVideoBitrate", "a")): "2.4e+08 of 60, 4e+06 to 4e+06",
		ptr(track("IngestVideoBitrate")):          "2.4e+08 of 60, 4e+06 to 4e+06",
		ptr(track("IngestAudioBitrate")):          "7.68e+06 of 60, 128000 to 128000",
		ptr(track("IngestFramerate")):             "1800 of 60, 30 to 30",
		ptr(track("KeyframeInterval")):            "120 of 60, 2 to 2",
		ptr(ofChannel("KeyframeInterval", "a")):   "120 of 60, 2 to 2",
	} {
		b.expect(1, *series, want)
	}
	points, err := b.store.Read(t.Context(), ofChannel("IngestFramerate", "a"), after(100*time.Second), after(110*time.Second), 5*time.Second)
	failOn(t, err)
	if want := "[{2025-07-31 00:01:40 +0000 UTC 150 30 30 5} {2025-07-31 00:01:45 +0000 UTC 150 30 30 5}]"; fmt.Sprint(points) != want {
		t.Errorf("by 5 s: %v", points)
	}
}

// Of a stream that counts no more, as a process that hangs, nothing is known after some seconds.
func TestStaleStreamsHaveNoRates(t *testing.T) {
	b := newBench(t)
	s := Stream{ID: "st-1", Channel: "a", Health: "HEALTHY", Live: true}
	for n := range 60 {
		if n < 30 {
			s.on(b.clock.now())
		}
		b.source.streams = []Stream{s}
		b.second()
	}
	p := b.minute(0, ofChannel("IngestBitrate", "a"))
	if p == nil || p.Count < 29 || p.Count > 31 {
		t.Errorf("%+v", p)
	}
	b.expect(0, ofChannel("ConcurrentViews", "a"), "0 of 60, 0 to 0")
}

// Input and delivered time add up to the totals: over ends between two looks, streams that
// follow on each other, answers after the end, counters that begin anew.
func TestTimesAddUp(t *testing.T) {
	b := newBench(t)
	one := Stream{ID: "st-1", Channel: "a", Health: "HEALTHY"}
	one.Total.Media = 1500 * time.Millisecond // before anybody could play it
	b.source.streams = []Stream{one}
	b.second()
	one.Live = true
	for range 10 {
		one.Total.Media += 333333333
		b.source.streams = []Stream{one}
		b.source.delivered = []Delivered{{"a", 3 * one.Total.Media}}
		b.second()
	}
	one.Total.Media += 700 * time.Millisecond
	b.Ended(one)
	two := Stream{ID: "st-2", Channel: "a", Health: "HEALTHY", Live: true}
	two.Total.Media = 4 * time.Second
	b.Ended(two)                                                       // came and went
	b.Ended(Stream{ID: "st-3", Channel: "a", Total: Total{Media: 99}}) // was never live
	b.source.streams = nil
	b.source.delivered = []Delivered{{"a", 60 * time.Second}, {"b", 5 * time.Second}}
	b.second()
	b.source.delivered = []Delivered{{"a", 2 * time.Second}} // anew
	b.second()
	b.source.delivered = nil
	b.second()
	input, delivered := one.Total.Media+two.Total.Media, 67.0
	for _, c := range []struct {
		series Series
		sum    float64
	}{
		{account("LiveInputTime"), input.Seconds()},
		{ofChannel("LiveInputTime", "a"), input.Seconds()},
		{account("LiveDeliveredTime"), delivered},
		{ofChannel("LiveDeliveredTime", "a"), delivered - 5},
		{ofChannel("LiveDeliveredTime", "b"), 5},
		{Series{IVS, "LiveDeliveredTime", []Dimension{{Channel, "a"}, {Country, "UNKNOWN"}}}, delivered - 5},
	} {
		if p := b.minute(0, c.series); p == nil || p.Sum < c.sum-3e-6 || p.Sum > c.sum+3e-6 {
			t.Errorf("%v: %+v, want %v", c.series, p, c.sum)
		}
	}
	if len(b.streams) != 0 {
		t.Errorf("%d streams are remembered", len(b.streams))
	}
}

// Series leave memory when nothing is live, and go on when something is again.
func TestMeasuringGoesOnAfterAPause(t *testing.T) {
	b := newBench(t)
	live := []Stream{{ID: "st-1", Channel: "a", Health: "HEALTHY", Live: true, Views: 3}}
	for _, streams := range [][]Stream{live, nil, live} {
		b.source.streams = streams
		for range 60 {
			b.second()
		}
		if streams == nil {
			for range 5 {
				b.clock.pass(2 * time.Hour)
				b.second()
				b.store.flushNow()
			}
			if len(b.store.lines) != 0 || len(b.store.groups) != 0 || len(b.channels) != 0 {
				t.Errorf("%d series, %d groups and %d channels in memory", len(b.store.lines), len(b.store.groups), len(b.channels))
			}
			continue
		}
		b.store.flushNow()
	}
	for _, one := range []Series{account("ConcurrentViews"), ofChannel("ConcurrentViews", "a"), {IVS, "ConcurrentStreams", []Dimension{{Health, "HEALTHY"}}}} {
		points, err := b.store.Read(t.Context(), one, dawn, b.clock.now(), time.Hour)
		failOn(t, err)
		if len(points) != 2 || points[0].Count != 60 || points[1].Count != 60 {
			t.Errorf("%v: %v", one, points)
		}
	}
	list, err := b.store.List(t.Context(), Filter{Name: "ConcurrentViews"}, dawn)
	if err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
}

// Each series that is measured is one of the table's, with dimensions in the order of their names.
func TestSeriesAreTheTables(t *testing.T) {
	b := newBench(t)
	s := Stream{ID: "st-1", Channel: "a", Health: "HEALTHY", Live: true}
	for range 3 {
		s.on(b.clock.now())
		b.source.streams, b.source.delivered = []Stream{s}, []Delivered{{"a", s.Total.Media}}
		b.second()
	}
	b.store.flushNow()
	list, err := b.store.List(t.Context(), Filter{}, dawn)
	failOn(t, err)
	seen := map[string]bool{}
	for _, one := range list {
		names := []string{}
		for _, d := range one.Dimensions {
			names = append(names, d.Name)
		}
		m, ok := Find(one.Namespace, one.Name)
		if !ok || !slices.ContainsFunc(m.Dimensions, func(d []string) bool { return slices.Equal(d, names) }) || !slices.IsSorted(names) {
			t.Errorf("%v is not in the table", one)
		}
		seen[fmt.Sprint(one.Name, names)] = true
	}
	for _, m := range Metrics {
		for _, d := range m.Dimensions {
			if !seen[fmt.Sprint(m.Name, d)] && m.Name != "RecordedTime" {
				t.Errorf("%s by %v is not measured", m.Name, d)
			}
		}
	}
}
