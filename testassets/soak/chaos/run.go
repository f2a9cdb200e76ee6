package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ladderd/testassets/doubles"
)

// Options says how long it goes on, and how hard.
type Options struct {
	For   time.Duration // of all rounds; the one that has begun by then is the last
	Round time.Duration // of what happens, before all is quiet
	// Apart is the longest pause between two events; half of it is usual.
	Apart time.Duration
	// Tenths is how much of the machine the streams may take, in tenths of a core.
	Tenths int
	Seed   uint64
	// Allowed is what may have grown at the end.
	Allowed Growth
	// Owner is what the pretended cards and other files end with.
	Owner doubles.Owner
	// Tell hears of what happens, line by line.
	Tell func(string)
}

// least is how many quiet points it takes to say anything of a trend.
const least = 3

// Run has everything happen. The report says what was found, with an error where not
// everything could be done; it is nil where not even the daemon could be started.
func Run(ctx context.Context, o Options) (*Report, error) {
	s, err := newStage(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &Report{Seed: o.Seed, Allowed: o.Allowed, Channels: s.kinds(), Events: map[string]int{}}
	s.report = r
	began := time.Now()
	for err == nil && (len(r.Quiet) < least || time.Since(began) < o.For) {
		err = s.round(ctx, began)
	}
	r.Took = time.Since(began)
	err = errors.Join(err, s.close())
	r.Log = s.daemon.Output()
	r.crashes()
	return r, err
}

// round is so much chaos, and the quiet after it.
func (s *stage) round(ctx context.Context, began time.Time) error {
	until := time.Now().Add(s.Round)
	s.crowd.open(ctx)
	for _, c := range s.channels {
		if s.random.IntN(3) > 0 {
			if err := s.comes(c); err != nil {
				return err
			}
		}
	}
	for time.Now().Before(until) {
		if err := s.pause(ctx); err != nil {
			return err
		}
		if err := s.alive(); err != nil {
			return err
		}
		s.left()
		if err := s.something(ctx); err != nil {
			return err
		}
	}
	f, err := s.quiet(ctx)
	if err != nil {
		return err
	}
	s.report.Quiet = append(s.report.Quiet, f)
	s.report.Faults = append(s.report.Faults, f.Left()...)
	s.Tell(fmt.Sprintf("%4.0f s: quiet %d: %s", time.Since(began).Seconds(), len(s.report.Quiet), f))
	return nil
}

func (s *stage) pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Duration(s.random.Int64N(int64(s.Apart)))):
		return nil
	}
}

// alive says whether the daemon is: nothing that happens here may end it.
func (s *stage) alive() error {
	if s.daemon.Running() {
		return nil
	}
	return fmt.Errorf("the daemon has ended: %w", s.daemon.Wait())
}

// event is one kind of thing that happens.
type event struct {
	name   string
	weight int // how often it happens, beside the others
	// happen does it and says to what; nothing where there was nobody to do it to.
	happen func(*stage, context.Context) (string, error)
}

// events are all kinds.
var events = []event{
	{"a publisher comes", 6, (*stage).someoneComes},
	{"a publisher leaves", 2, (*stage).someoneLeaves},
	{"a publisher is cut off", 2, (*stage).someoneIsCutOff},
	{"a publisher comes back", 4, (*stage).someoneComesBack},
	{"a publisher takes over", 2, (*stage).someoneTakesOver},
	{"a worker is killed", 3, (*stage).workerDies},
	{"a card fails", 3, (*stage).cardFails},
	{"a card is healed", 3, (*stage).cardHeals},
	{"a viewer comes", 6, (*stage).viewerComes},
	{"many viewers come", 1, (*stage).manyViewersCome},
	{"the configuration changes", 2, (*stage).configChanges},
}

// something has the first one happen that is picked and finds somebody to happen to.
func (s *stage) something(ctx context.Context) error {
	for {
		e := pick(s.random)
		what, err := e.happen(s, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if what == "" {
			continue
		}
		s.report.Events[e.name]++
		s.Tell("  " + e.name + ": " + what)
		return nil
	}
}

func pick(random *rand.Rand) event {
	all := 0
	for _, e := range events {
		all += e.weight
	}
	n := random.IntN(all)
	for _, e := range events {
		if n -= e.weight; n < 0 {
			return e
		}
	}
	return events[0] // not reached: n is less than all
}
