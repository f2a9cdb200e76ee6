package density

import (
	"context"
	"maps"
	"time"

	"ladderd/gpu"
)

// Options sets a bench up.
type Options struct {
	Carrier Carrier
	// Duration is for how long the answer has to be real time; shorter ones are tried while
	// it is looked for.
	Duration time.Duration
	From     int // channels to begin with; 0 is 1
	Most     int // channels to stop at; 0 is none
	// Meter reads what the channels take. Nil is ThisMachine.
	Meter Meter
	// Devices tells how the GPUs do at the moment; nil where none works for the channels.
	Devices func(context.Context) []gpu.Device
	// Tell is called about once a second, and when a step is over. Nil tells nobody.
	Tell func(Progress)
}

// Result is what was found out.
type Result struct {
	// Channels is the highest number that was real time.
	Channels int `json:"channels"`
	// Confirmed says that it was so for the whole duration, and one more was not, unless there
	// could be no more; false where the bench was interrupted before.
	Confirmed bool `json:"confirmed"`
	// Failed is the least number that was not real time, and Why is why; 0 where none was
	// reached.
	Failed int    `json:"failed_channels,omitempty"`
	Why    string `json:"failed_why,omitempty"`
	// Best is the last step with that many channels; nil where there is none.
	Best  *Step  `json:"best"`
	Steps []Step `json:"steps"`
}

// bench is a run. Its goroutine is Run's.
type bench struct {
	o     Options
	usual map[string]time.Duration // settled delays of the fewest channels, by output
	fresh map[string]time.Duration // of outputs of which none are known, in this step
	told  time.Time
}

// searching is how long a step is measured that only looks for the answer.
func searching(whole time.Duration) time.Duration {
	return min(whole, max(whole/3, 5*time.Second))
}

// Run looks for the answer until it is there, or ctx is over: then it returns what is known
// and no error. An error says that nothing could be measured.
func Run(ctx context.Context, o Options) (Result, error) {
	if o.Meter == nil {
		o.Meter = ThisMachine
	}
	b := &bench{o: o, usual: map[string]time.Duration{}}
	s, result := newSearch(o.From, o.Most), Result{Steps: []Step{}}
	t, more := s.next()
	for ; more; t, more = s.next() {
		b.fresh = map[string]time.Duration{}
		length := searching(o.Duration)
		if t.whole {
			length = o.Duration
		}
		t.whole = length == o.Duration // as short ones are anyway
		step, err := b.step(ctx, t, length)
		if ctx.Err() != nil {
			break // the step was not finished
		}
		if err != nil {
			return result, err
		}
		if step.RealTime {
			maps.Copy(b.usual, b.fresh)
		}
		s.learn(t, step.RealTime)
		result.Steps = append(result.Steps, step)
		b.tell(Progress{Channels: t.channels, Step: &step})
	}
	result.conclude(s)
	result.Confirmed = !more
	return result, nil
}

func (r *Result) conclude(s *search) {
	r.Channels, r.Failed = s.good, s.bad
	for i := range r.Steps {
		step := &r.Steps[i]
		if step.Channels == r.Channels && step.RealTime {
			r.Best = step
		}
		if step.Channels == r.Failed && !step.RealTime {
			r.Why = step.Why
		}
	}
}

// tell keeps to once a second but for what ends.
func (b *bench) tell(p Progress) {
	if b.o.Tell == nil || p.Step == nil && time.Since(b.told) < time.Second {
		return
	}
	b.told = time.Now()
	b.o.Tell(p)
}
