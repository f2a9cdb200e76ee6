package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"time"
)

// TryOptions sets Try up. Zero values mean the defaults.
type TryOptions struct {
	Command func() *exec.Cmd // as in Options
	Log     *slog.Logger     // default slog.Default
	// Silence is how long the worker may give no sign of life. Default 4 s.
	Silence time.Duration

	// launch is another way to make a process, for tests.
	launch func(Trial) *process
}

func (o TryOptions) withDefaults() TryOptions {
	if o.Command == nil {
		o.Command = selfCommand
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Silence <= 0 {
		o.Silence = 4 * time.Second
	}
	if o.launch == nil {
		o.launch = func(t Trial) *process { return launch(o.Command(), t, o.Log) }
	}
	return o
}

// farewell is how long a worker that has told its finding may take to end. What it
// leaves behind in a driver the kernel cleans up.
const farewell = 2 * time.Second

// Try has a worker process do a trial, and returns when that process is gone. An error
// says that there is no finding: the worker crashed, went silent, or ctx ended, which
// bounds the time that a driver may hang for. What the device refuses is a Finding.
func Try(ctx context.Context, o TryOptions, t Trial) (Finding, error) {
	if err := checkTrial(t); err != nil {
		return Finding{}, err
	}
	o = o.withDefaults()
	p := o.launch(t)
	f, err := p.finding(ctx, o)
	if err == nil {
		p.leave(farewell)
	}
	close(p.abort)
	<-p.done
	if errors.Is(err, errGoneEarly) {
		err = fmt.Errorf("the worker ended without a finding: %s", p.why())
	}
	if err != nil {
		return Finding{}, fmt.Errorf("try to %s on %s: %w", t.Task, t.Backend, err)
	}
	return f, nil
}

var errGoneEarly = errors.New("the worker has gone")

// ErrSilent is a trial's worker that stands still as a whole: a driver holds it up.
var ErrSilent = errors.New("the worker gave no sign of life")

// finding waits for it.
func (p *process) finding(ctx context.Context, o TryOptions) (Finding, error) {
	silence := time.NewTimer(o.Silence)
	defer silence.Stop()
	for {
		select {
		case m, ok := <-p.events:
			if !ok {
				return Finding{}, errGoneEarly
			}
			silence.Reset(o.Silence)
			switch m := m.(type) {
			case Finding:
				return m, nil
			case Failed:
				return Finding{}, errors.New(m.Reason)
			case Log:
				// What matters of it stands in the finding.
				o.Log.Debug("worker: "+m.Text[:min(len(m.Text), maxLine)], "pid", p.pid.Load())
			}
		case <-silence.C:
			return Finding{}, fmt.Errorf("%w for %v", ErrSilent, o.Silence)
		case <-ctx.Done():
			return Finding{}, context.Cause(ctx)
		}
	}
}

// leave lets the worker end by itself for a while, so that it closes what it has open.
func (p *process) leave(within time.Duration) {
	limit := time.NewTimer(within)
	defer limit.Stop()
	for {
		select {
		case _, ok := <-p.events:
			if !ok {
				return
			}
		case <-limit.C:
			return
		}
	}
}

// why says how a process that has gone ended.
func (p *process) why() string {
	if p.rubbish != nil {
		return "sent rubbish: " + p.rubbish.Error()
	}
	return p.end
}
