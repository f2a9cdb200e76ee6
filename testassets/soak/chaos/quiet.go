package chaos

import (
	"context"
	"time"

	"ladderd/testassets/await"
)

const (
	// calming is how long it may take until nothing is left: a stream's reconnect window and
	// linger, and trials of cards that hung.
	calming = time.Minute
	// looks is how often a quiet point is looked at, and apartLooks the time between: what the
	// figures are is the middle one of each.
	looks      = 9
	apartLooks = 300 * time.Millisecond
)

// quiet has all that goes on end, waits until it has, and looks at what is left. What does
// not go in time is in the figures.
func (s *stage) quiet(ctx context.Context) (Figures, error) {
	whole := s.choose(ctx)
	for card := range cards {
		s.rig.Heal(card)
	}
	s.ill = nil
	s.clear()
	if err := s.alive(); err != nil {
		return Figures{}, err
	}
	s.readWhole(ctx, whole)
	s.takeFaults()
	waiting, cancel := context.WithTimeout(ctx, calming)
	defer cancel()
	left := await.Until(waiting, "the daemon to be quiet", nil, func() (bool, error) {
		f, err := s.figures(ctx)
		return err == nil && f.idle(), err
	})
	if waiting.Err() == nil && left != nil {
		return Figures{}, left
	}
	return s.look(ctx)
}

// look takes the figures several times.
func (s *stage) look(ctx context.Context) (Figures, error) {
	var all []Figures
	for len(all) < looks {
		f, err := s.figures(ctx)
		if err != nil {
			return Figures{}, err
		}
		all = append(all, f)
		select {
		case <-ctx.Done():
			return Figures{}, context.Cause(ctx)
		case <-time.After(apartLooks):
		}
	}
	return middle(all), nil
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
