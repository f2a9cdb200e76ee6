package load

import (
	"testing"
	"time"
)

// at is a time so many milliseconds into a test.
func at(ms int) time.Time {
	return time.Unix(1_800_000_000, 0).Add(time.Duration(ms) * time.Millisecond)
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// arrival is media of a length that comes at a time; its end was recorded at edge.
type arrival struct{ at, length, edge int }

func TestPlayer(t *testing.T) {
	for _, c := range []struct {
		name     string
		lead     int
		arrivals []arrival
		until    int
		stalls   int
		waited   int
		latency  int
	}{
		{"media in time", 0, []arrival{{0, 2000, 0}, {1000, 1000, 1000}, {2000, 1000, 2000}}, 2500, 0, 0, 2000},
		{"one part late", 0, []arrival{{0, 1000, 0}, {1300, 1000, 1000}}, 1800, 1, 300, 1300},
		{"nothing more", 0, []arrival{{0, 1000, 0}}, 3000, 1, 2000, 3000},
		{"begins within the first segment", 1500, []arrival{{0, 1000, 0}, {100, 1000, 1000}}, 400, 0, 0, -400},
		{"begins with the second", 1500, []arrival{{0, 1000, 0}, {800, 1000, 1000}}, 1000, 0, 0, 300},
		{"the same stall goes on while parts are of no length", 0, []arrival{{0, 500, 0}, {1000, 0, 0}, {1500, 500, 500}}, 1600, 1, 1000, 1500},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := player{at: at(0)}
			p.begin(ms(c.lead))
			for _, a := range c.arrivals {
				p.add(at(a.at), ms(a.length), at(a.edge))
			}
			p.advance(at(c.until))
			if p.stalls != c.stalls || p.waited != ms(c.waited) {
				t.Errorf("%d stalls of %v in all, not %d of %v", p.stalls, p.waited, c.stalls, ms(c.waited))
			}
			if got, ok := p.latency(); !ok || got != ms(c.latency) {
				t.Errorf("latency %v (%v), not %v", got, ok, ms(c.latency))
			}
		})
	}
}

func TestPlayerSaysWhenItBegins(t *testing.T) {
	p := player{at: at(0)}
	p.begin(ms(700))
	if p.add(at(0), ms(500), at(0)) {
		t.Error("began with what lies before the place to begin at")
	}
	if !p.add(at(10), ms(500), at(0)) || p.add(at(20), ms(500), at(0)) {
		t.Error("did not begin once")
	}
}

func TestPlayerForgets(t *testing.T) {
	p := player{at: at(0)}
	p.begin(0)
	p.add(at(0), ms(1000), at(0))
	p.forget(at(2000)) // it stands since 1000
	p.advance(at(2500))
	if p.stalls != 1 || p.waited != ms(500) {
		t.Errorf("%d stalls of %v, not the one that lasts, from when counting began", p.stalls, p.waited)
	}
}
