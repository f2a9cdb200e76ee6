package gpu

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ladderd/pipeline"
)

// Try has a worker do a trial. It ends with ctx; its error says that there is no finding:
// the worker crashed, or hung until ctx ended. pipeline.Try is the one there is.
type Try func(ctx context.Context, t pipeline.Trial) (pipeline.Finding, error)

// Prover finds out what devices do by having it done.
type Prover struct {
	Try Try
	// Tell, if there is one, hears of each trial before it begins. Several goroutines
	// call it.
	Tell func(d Device, t pipeline.Trial)
	// Proven, if there is one, has each device's proof as soon as it is whole. Likewise.
	Proven func(Proof)
}

// errHangs is a trial that was not done within its time.
var errHangs = errors.New("no answer in time")

// Prove tries all devices at once, one thing after the other on each, so that one that hangs
// keeps no other from its trials. They do share the machine's cores and its bus. Open encoders
// are counted on one device of an interface after the other, as drivers limit those of the
// whole machine. A device with a Problem is not tried. The proofs are in the order of the
// devices. What ctx cuts off is not tried, and Prove returns its error.
func (p Prover) Prove(ctx context.Context, devices []Device) ([]Proof, error) {
	proofs := make([]Proof, len(devices))
	counting := map[pipeline.API]turn{}
	for _, d := range devices {
		if counting[d.API] == nil {
			counting[d.API] = make(turn, 1)
		}
	}
	var running sync.WaitGroup
	for i, d := range devices {
		running.Go(func() {
			proofs[i] = p.device(ctx, d, counting[d.API])
			if ctx.Err() == nil {
				p.proven(proofs[i])
			}
		})
	}
	running.Wait()
	if err := ctx.Err(); err != nil {
		return proofs, fmt.Errorf("try the devices: %w", err)
	}
	return proofs, nil
}

func (p Prover) proven(proof Proof) {
	if p.Proven != nil {
		p.Proven(proof)
	}
}

// turn is one device's at a time: full while one has it.
type turn chan struct{}

// await is false where ctx ends first.
func (t turn) await(ctx context.Context) bool {
	select {
	case t <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (t turn) end() { <-t }

func (p Prover) device(ctx context.Context, d Device, counting turn) Proof {
	proof := Proof{Device: d, Results: []Result{}}
	if d.Problem != "" {
		return proof
	}
	proof.At = time.Now()
	troubles, last := 0, ""
	for _, a := range attempts(d) {
		if ctx.Err() != nil {
			return proof
		}
		if a.only != nil && !a.only(proof) {
			continue
		}
		r := result(a.trial)
		if troubles >= maxTroubles {
			r.Why, r.Passing = last+"; "+notTried+" any more", true
		} else if p.try(ctx, d, a.trial, counting, &r) {
			troubles++
			last = r.Why
		}
		proof.Results = append(proof.Results, r)
	}
	return proof
}

// result is a trial's, before it is done.
func result(t pipeline.Trial) Result {
	r := Result{Task: t.Task, Codec: t.Codec, Width: t.Width, Height: t.Height}
	r.OnDevice = t.Task == pipeline.Encode && t.Backend.Scale
	if t.Task == pipeline.Scale {
		r.Codec = ""
	}
	return r
}

// try fills in what a trial finds, and says whether the driver hung or crashed.
func (p Prover) try(ctx context.Context, d Device, t pipeline.Trial, counting turn, r *Result) (trouble bool) {
	limit := trialLimit
	if t.Task == pipeline.Sessions {
		limit = openLimit
		if !counting.await(ctx) {
			r.Why, r.Passing = notTried, true
			return false
		}
		defer counting.end()
	}
	if p.Tell != nil {
		p.Tell(d, t)
	}
	f, err := p.within(ctx, limit, t)
	switch {
	case err != nil:
		r.Why, r.Passing = failed(d, err, limit.String()), true
		return true
	case f.Failure != "":
		r.fail(d, t, f.Failure)
	case f.Pictures < 1 && t.Task != pipeline.Sessions:
		r.fail(d, t, "no picture came out")
	}
	r.PixelRate, r.PerCore, r.Sessions, r.Spare = f.PixelRate(t), f.PerCore(t), f.Sessions, f.Spare
	if f.Capped != "" {
		r.Capped, _ = explain(d, t, f.Capped)
		r.Passing = f.Sessions < ladderEncoders // others may have been encoding
	}
	return false
}

func (r *Result) fail(d Device, t pipeline.Trial, said string) {
	means, lasting := explain(d, t, said)
	r.Why, r.Passing = means, !lasting
	if r.Why != said {
		r.Said = said
	}
}

// grace is how long a worker that was killed may take to go.
const grace = 2 * time.Second

// within tries for so long. A worker that waits in a driver, uninterruptibly, cannot even
// be killed: it is left behind, with the goroutine that waits for it, and the answer
// comes all the same.
func (p Prover) within(ctx context.Context, limit time.Duration, t pipeline.Trial) (pipeline.Finding, error) {
	type answer struct {
		finding pipeline.Finding
		err     error
	}
	limited, cancel := context.WithTimeoutCause(ctx, limit, errHangs)
	defer cancel()
	came := make(chan answer, 1)
	go func() {
		f, err := p.Try(limited, t)
		came <- answer{f, err}
	}()
	select {
	case a := <-came:
		return a.finding, because(limited, a.err)
	case <-limited.Done():
	}
	left := time.NewTimer(grace)
	defer left.Stop()
	select {
	case a := <-came:
		return a.finding, because(limited, a.err)
	case <-left.C:
		return pipeline.Finding{}, context.Cause(limited)
	}
}

// because tells a hang from other failures: the worker was stopped because the time was up.
func because(limited context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(limited), errHangs) {
		return errHangs
	}
	return err
}
