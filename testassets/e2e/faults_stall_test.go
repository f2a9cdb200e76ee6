package e2e

import (
	"testing"
	"time"
)

// TestStall has parts come as they are made, but for a lull: the next one that is due comes so
// much later, and all that are due by then with it. The player has two parts left besides
// the one that it begins to show.
func TestStall(t *testing.T) {
	t.Parallel()
	const part, late = 300 * time.Millisecond, 100 * time.Millisecond
	for name, c := range map[string]struct {
		lull time.Duration
		want time.Duration
	}{
		"nothing happens":                 {0, 0},
		"as long as the player is behind": {2 * part, 0},
		"longer":                          {2*part + time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArrivals()
			a.target = part
			begin := time.Unix(0, 0)
			moment := begin.Add(7*part + late)
			for i := range 20 {
				p := arrival{begin: begin.Add(time.Duration(i) * part), end: begin.Add(time.Duration(i+1) * part)}
				p.at = p.end.Add(late)
				if over := moment.Add(part + c.lull); p.at.After(moment) && p.at.Before(over) {
					p.at = over
				}
				a.parts["all"] = append(a.parts["all"], p)
			}
			got, err := a.stall(moment)
			if err != nil || got != c.want {
				t.Errorf("%v, %v, where %v was expected", got, err, c.want)
			}
		})
	}
	if _, err := newArrivalsOf(arrival{}).stall(time.Unix(60, 0)); err == nil {
		t.Error("no part before the moment is no error")
	}
}

func newArrivalsOf(parts ...arrival) *arrivals {
	a := newArrivals()
	a.parts["all"] = parts
	return a
}
