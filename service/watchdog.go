package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Probe looks whether a part of the daemon goes on.
type Probe struct {
	Name string
	// Check says what stands still. It may hang itself, as it takes the locks of what it looks at.
	Check func() error
}

// errNoAnswer is a probe that hangs.
var errNoAnswer = errors.New("does not answer")

// looksPerInterval is how often probes are asked within the manager's interval, so that one
// that is late once costs nothing.
const looksPerInterval = 4

// Watchdog asks probes, and gives the manager a sign of life only while all of them are well.
type Watchdog struct {
	probes []*probing
	log    *slog.Logger

	mu    sync.Mutex
	stuck string // what the log was told last; empty while all is well
}

// probing is a probe and what it said last.
type probing struct {
	Probe
	answer chan error
	asked  bool // and has not answered
}

// NewWatchdog makes one.
func NewWatchdog(log *slog.Logger, probes ...Probe) *Watchdog {
	w := &Watchdog{log: log}
	for _, p := range probes {
		w.probes = append(w.probes, &probing{Probe: p, answer: make(chan error, 1)})
	}
	return w
}

// lookEvery is how often probes are asked where no manager wants to know: for the log.
const lookEvery = 5 * time.Second

// Run looks until ctx ends. Where a probe hangs its goroutine is left behind.
func (w *Watchdog) Run(ctx context.Context, m *Manager) {
	every := lookEvery
	if wanted := m.watched(); wanted > 0 {
		every = wanted / looksPerInterval
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := w.look(ctx, every/2)
		if ctx.Err() != nil {
			return
		}
		w.note(err, m.watched() > 0)
		if err == nil && m.watched() > 0 {
			if err := m.alive(); err != nil {
				w.log.Warn("no sign of life could be given", "reason", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look asks all probes, and waits for their answers that long.
func (w *Watchdog) look(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, p := range w.probes {
		if !p.asked {
			p.asked = true
			go func() { p.answer <- p.Check() }()
		}
	}
	var all error
	for _, p := range w.probes {
		if err := p.hear(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", p.Name, err))
		}
	}
	return all
}

func (p *probing) hear(ctx context.Context) error {
	select { // an answer counts though the others have taken all the time
	case err := <-p.answer:
		p.asked = false
		return err
	default:
	}
	select {
	case err := <-p.answer:
		p.asked = false
		return err
	case <-ctx.Done():
		return errNoAnswer
	}
}

// note logs what stands still, each time that it is something else, and what follows where a
// manager watches.
func (w *Watchdog) note(err error, watched bool) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	w.mu.Lock()
	was := w.stuck
	w.stuck = text
	w.mu.Unlock()
	switch {
	case text == was:
	case err == nil:
		w.log.Info("what stood still goes on")
	case watched:
		w.log.Error("a part of the daemon stands still: the service manager gets no sign of life, and will restart it", "reason", err)
	default:
		w.log.Error("a part of the daemon stands still, and nobody watches who would restart it", "reason", err)
	}
}

// Stuck is what stands still; empty where all is well.
func (w *Watchdog) Stuck() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stuck
}
