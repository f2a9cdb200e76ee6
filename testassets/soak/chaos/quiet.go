package chaos

import (
	"context"
	"time"
)

const (
	// calming is how long it may take until nothing is left: a stream's reconnect window and
	// linger, and trials of cards that hung.
	calming = time.Minute
	// looks is how often a quiet point is looked at, and apartLooks the time between.
	looks      = 7
	apartLooks = 200 * time.Millisecond
)

// quiet has all that goes on end, waits until it has, and looks at what is left. What does
// not go in time is in the figures.
func (s *stage) quiet(ctx context.Context) (Figures, error) {
	for card := range cards {
		s.rig.Heal(card)
	}
	s.ill = nil
	whole := s.choose(ctx)
	s.clear()
	if err := s.alive(); err != nil {
		return Figures{}, err
	}
	s.readWhole(ctx, whole)
	s.takeFaults()
	return s.look(ctx)
}

// look takes the figures until they have been idle several times in a row, and returns the
// middle ones of these. What is still there after calming is in them.
func (s *stage) look(ctx context.Context) (Figures, error) {
	latest := time.Now().Add(calming)
	for all := []Figures{}; ; {
		f, err := s.figures(ctx)
		if err != nil {
			return Figures{}, err
		}
		if all = append(all, f); !f.idle() && time.Now().Before(latest) {
			all = nil
		}
		if len(all) == looks {
			return middle(all), nil
		}
		select {
		case <-ctx.Done():
			return Figures{}, context.Cause(ctx)
		case <-time.After(apartLooks):
		}
	}
}

// takeFaults puts what viewers found into the report.
func (s *stage) takeFaults() {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	s.report.Playlists += s.crowd.read
	for _, f := range s.crowd.faults {
		s.report.Faults = append(s.report.Faults, f)
		s.Tell("  wrong: " + f)
	}
	s.crowd.read, s.crowd.faults = 0, nil
}
