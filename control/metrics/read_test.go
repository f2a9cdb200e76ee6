package metrics

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Which level is read of which age (guide, lines 2090–2095), for a time long after the start.
func TestReadingChoosesItsLevel(t *testing.T) {
	const hour, day = 3600, 24 * 3600
	now := dawn.Unix() + 500*day + 5*hour + 1234
	var ahead [len(levels)]int64
	for l := 1; l < len(levels); l++ {
		ahead[l] = down(now, levels[l].chunk)
	}
	for _, c := range []struct {
		age, period int64
		res         int64
	}{
		{10, 1, 1}, {10, 60, 1}, {10, 3600, 1},
		{2*hour + 3000, 30, 1}, {2*hour + 3000, 60, 60}, {2*hour + 3000, 300, 60}, // five minutes are made each six hours
		{3*hour + 120, 1, 60}, {3*hour + 120, 5, 60}, {14 * day, 60, 60}, {14 * day, 300, 300}, {14 * day, 3600, 3600},
		{14 * day, 120, 60}, {14 * day, 7200, 3600}, {14 * day, 5400, 300},
		{16 * day, 60, 300}, {16 * day, 1, 300}, {62 * day, 300, 300}, {62 * day, 86400, 3600},
		{64 * day, 60, 3600}, {454 * day, 300, 3600},
	} {
		if got := levels[levelFor(now, ahead, down(now-c.age, 60), c.period)].res; got != c.res {
			t.Errorf("%d s ago by %d s: points of %d s, want %d", c.age, c.period, got, c.res)
		}
	}
	for _, p := range pieces(now, ahead, now-600*day, now, 60) {
		if p.from < now-456*day {
			t.Errorf("%v is too old", p)
		}
	}
}

func TestPeriodsAreCloudWatchs(t *testing.T) {
	s, _ := opened(t, filepath.Join(t.TempDir(), "metrics.db"), clockAt(dawn))
	for period, good := range map[time.Duration]bool{
		time.Second: true, 5 * time.Second: true, 10 * time.Second: true, 30 * time.Second: true, time.Minute: true, 5 * time.Minute: true,
		90 * time.Minute: true, 24 * time.Hour: true,
		0: false, -time.Minute: false, 2 * time.Second: false, 15 * time.Second: false, 90 * time.Second: false, time.Millisecond: false, 60*time.Second + 1: false,
	} {
		if _, err := s.Read(t.Context(), ofChannel("IngestBitrate", "a"), dawn, dawn, period); (err == nil) != good || err != nil && !errors.Is(err, ErrPeriod) {
			t.Errorf("%v: %v", period, err)
		}
	}
}

// A minute goes on over a restart, from the memory of the one process to that of the next.
func TestRestartWithinAMinute(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "metrics.db"), clockAt(dawn)
	for range 3 {
		s := Open(Options{Path: path, Log: new(said).log(), now: c.now})
		filled(s, c, "a", 7)
		if n := total(t, s, "a"); n != (c.second() - dawn.Unix()) {
			t.Errorf("%d samples after %d s", n, c.second()-dawn.Unix())
		}
		failOn(t, s.Close())
	}
	s, _ := opened(t, path, c)
	points, err := s.Read(t.Context(), ofChannel("IngestBitrate", "a"), dawn, after(time.Minute), time.Second)
	failOn(t, err)
	if len(points) != 21 || points[20].At != after(20*time.Second) {
		t.Errorf("%v", points)
	}
}

func TestListing(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "metrics.db"), clockAt(dawn)
	s, _ := opened(t, path, c)
	filled(s, c, "old", 1)
	c.pass(20 * 24 * time.Hour)
	s.flushNow()
	if len(s.lines) != 0 || len(s.groups) != 0 {
		t.Errorf("%d series of long ago are in memory", len(s.lines))
	}
	filled(s, c, "filed", 1)
	c.pass(2 * time.Hour)
	s.flushNow()
	filled(s, c, "a", 1)
	s.Add(Series{IVS, "IngestFramerate", []Dimension{{Channel, "a"}, {Track, "Track0"}}}, c.now(), 30)
	s.Add(account("ConcurrentViews"), c.now(), 1)
	s.Add(usage("ConcurrentViews"), c.now(), 1)
	recent := c.now().Add(-14 * 24 * time.Hour)
	for _, q := range []struct {
		filter Filter
		since  time.Time
		want   string
	}{
		{Filter{}, recent, "ConcurrentViews{} IngestBitrate{a} IngestBitrate{filed} IngestFramerate{a,Track0} ResourceCount{None,ConcurrentViews,IVS,Resource}"},
		{Filter{Namespace: Usage}, recent, "ResourceCount{None,ConcurrentViews,IVS,Resource}"},
		{Filter{Name: "IngestBitrate"}, recent, "IngestBitrate{a} IngestBitrate{filed}"},
		{Filter{Name: "IngestBitrate"}, dawn, "IngestBitrate{a} IngestBitrate{filed} IngestBitrate{old}"},
		{Filter{Name: "IngestBitrate"}, c.now().Add(-3 * time.Hour), "IngestBitrate{a} IngestBitrate{filed}"},
		{Filter{Name: "IngestBitrate"}, c.now().Add(-time.Hour), "IngestBitrate{a}"},
		{Filter{Dimensions: []Dimension{{Channel, "a"}}}, recent, "IngestBitrate{a} IngestFramerate{a,Track0}"},
		{Filter{Dimensions: []Dimension{{Channel, "filed"}}}, recent, "IngestBitrate{filed}"},
		{Filter{Dimensions: []Dimension{{Channel, ""}, {Track, ""}}}, recent, "IngestFramerate{a,Track0}"},
		{Filter{Dimensions: []Dimension{{Health, ""}}}, recent, ""},
	} {
		list, err := s.List(t.Context(), q.filter, q.since)
		failOn(t, err)
		var got []string
		for _, one := range list {
			var values []string
			for _, d := range one.Dimensions {
				values = append(values, d.Value)
			}
			got = append(got, one.Name+"{"+strings.Join(values, ",")+"}")
		}
		if fmt.Sprint(strings.Join(got, " ")) != q.want {
			t.Errorf("%+v since %v: %v, want %v", q.filter, q.since, got, q.want)
		}
	}
}

// A channel that is gone leaves nothing behind, once its last hour is too old.
func TestSeriesGoWithTheirLastData(t *testing.T) {
	c := clockAt(dawn)
	s, _ := opened(t, filepath.Join(t.TempDir(), "metrics.db"), c)
	filled(s, c, "gone", 100)
	count := func(table string) (n int) {
		failOn(t, s.db.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
		return n
	}
	for range 4 {
		c.pass(8 * 24 * time.Hour)
		s.flushNow()
	}
	if count("series") != 1 || count("groups") != 1 || count("chunks") != 2 { // five minutes and hours
		t.Errorf("after a month: %d series, %d chunks", count("series"), count("chunks"))
	}
	c.pass(470 * 24 * time.Hour)
	s.flushNow()
	if count("series") != 0 || count("groups") != 0 || count("chunks") != 0 {
		t.Errorf("at last: %d series, %d groups, %d chunks", count("series"), count("groups"), count("chunks"))
	}
}

// Units and statistics are the guide's words.
func TestTableOfMetrics(t *testing.T) {
	for name, want := range map[string]string{
		"ConcurrentViews": "Count [Average Maximum Minimum] false", "ConcurrentStreams": "Count [Average Maximum Minimum] false",
		"IngestAudioBitrate": "Bits/Second [Average Maximum Minimum] true", "IngestBitrate": "Bits/Second [Average Maximum Minimum] true",
		"IngestVideoBitrate": "Bits/Second [Average Maximum Minimum] true", "IngestFramerate": "Count/Second [Average Maximum Minimum] true",
		"KeyframeInterval": "Seconds [Average Maximum Minimum] true", "LiveDeliveredTime": "Seconds [Sum] false",
		"LiveInputTime": "Seconds [Sum] false", "RecordedTime": "Seconds [Sum] false",
	} {
		m, ok := Find(IVS, name)
		if got := fmt.Sprint(m.Unit, " ", m.Statistics, " ", m.Fine); !ok || got != want || account(name).Unit() != m.Unit {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if m, ok := Find(Usage, "ResourceCount"); !ok || fmt.Sprint(m.Statistics) != "[Maximum]" || len(Metrics) != 11 {
		t.Errorf("%+v of %d", m, len(Metrics))
	}
	if u := account("Other").Unit(); u != "None" {
		t.Error(u)
	}
}
