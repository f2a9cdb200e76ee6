package gpu

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/pipeline"
)

// works does all at 100 Mpixel/s.
func works(ctx context.Context, t pipeline.Trial) (pipeline.Finding, error) {
	time.Sleep(t.For)
	f := pipeline.Finding{Pictures: 100, Elapsed: time.Duration(t.Width * t.Height * 1000)}
	if t.Task == pipeline.Sessions {
		f = pipeline.Finding{Sessions: 5, Capped: "OpenEncodeSessionEx failed: out of memory (10)"}
	}
	return f, nil
}

// hanging does nothing until it is stopped.
func hanging(ctx context.Context, _ pipeline.Trial) (pipeline.Finding, error) {
	<-ctx.Done()
	return pipeline.Finding{}, fmt.Errorf("the worker was stopped: %w", ctx.Err())
}

func TestProveWhatWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proofs, err := Prover{Try: works}.Prove(t.Context(), []Device{t4, cpu})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range proofs {
			for _, r := range p.Results {
				if !r.Works() || r.Task != pipeline.Sessions && (r.PixelRate < 99e6 || r.PixelRate > 101e6) {
					t.Errorf("%s: %+v", p.Device.Name, r)
				}
			}
		}
		if s := proofs[0].Sessions(); s.Sessions != 5 || s.Capped != full {
			t.Errorf("sessions: %+v", s)
		}
		if b, why := encoder(proofs[0]); why != "" || !b.Scale || !b.Decode {
			t.Errorf("the best is %v: %s", b, why)
		}
	})
}

// A driver that hangs costs two limits, and nothing is tried on it after that; the other
// device has its answers meanwhile.
func TestProveAHangingCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		try := func(ctx context.Context, trial pipeline.Trial) (pipeline.Finding, error) {
			if trial.Backend.Device == t4.Use() {
				return hanging(ctx, trial)
			}
			return works(ctx, trial)
		}
		known := time.Duration(0) // when the good card was
		tell := func(p Proof) {
			if p.Device.ID == other.ID {
				known = time.Since(start)
			}
		}
		proofs, err := Prover{Try: try, Proven: tell}.Prove(t.Context(), []Device{t4, other})
		if err != nil {
			t.Fatal(err)
		}
		if known == 0 || known > trialLimit {
			t.Errorf("the other card was known after %v", known)
		}
		if took := time.Since(start); took != maxTroubles*trialLimit {
			t.Errorf("it took %v", took)
		}
		for _, r := range proofs[0].Results {
			if r.Works() || !r.Passing {
				t.Errorf("the hanging card: %+v", r)
			}
		}
		if r := proofs[0].Results[0]; !strings.HasPrefix(r.Why, "the driver hangs: it was stopped after 15s; ") {
			t.Errorf("it says %q", r.Why)
		}
		if _, why := encoder(proofs[1]); why != "" {
			t.Errorf("the other card: %s", why)
		}
	})
}

// A worker that not even a signal ends is left behind.
func TestProveAWorkerThatCannotBeKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		woken := make(chan struct{})
		try := func(context.Context, pipeline.Trial) (pipeline.Finding, error) {
			<-woken
			return pipeline.Finding{}, errors.New("killed")
		}
		start := time.Now()
		if _, err := (Prover{Try: try}).Prove(t.Context(), []Device{t4}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != maxTroubles*(trialLimit+grace) {
			t.Errorf("it took %v", took)
		}
		close(woken)
	})
}

func TestProveTroubles(t *testing.T) {
	crash := errors.New("signal: segmentation fault")
	for name, c := range map[string]struct {
		try   func(pipeline.Trial) (pipeline.Finding, error)
		why   string // of encoding
		tried []pipeline.Task
	}{
		"a crash": {func(pipeline.Trial) (pipeline.Finding, error) { return pipeline.Finding{}, crash },
			"the driver crashed (signal: segmentation fault): reinstall it, or reboot; not tried any more", []pipeline.Task{pipeline.Decode, pipeline.Scale}},
		"a worker that stands still": {func(pipeline.Trial) (pipeline.Finding, error) {
			return pipeline.Finding{}, fmt.Errorf("try to encode: %w", fmt.Errorf("%w for 4s", pipeline.ErrSilent))
		}, "the driver hangs: the worker gave no sign of life for 4s; not tried any more", []pipeline.Task{pipeline.Decode, pipeline.Scale}},
		"no encoder": {func(t pipeline.Trial) (pipeline.Finding, error) {
			if t.Task == pipeline.Encode {
				return pipeline.Finding{Failure: "OpenEncodeSessionEx failed: unsupported device (2): (no details)"}, nil
			}
			return works(context.Background(), t)
		}, noEncoder, []pipeline.Task{pipeline.Decode, pipeline.Scale, pipeline.Encode}},
		"nothing comes out": {func(pipeline.Trial) (pipeline.Finding, error) { return pipeline.Finding{}, nil },
			"no picture came out", []pipeline.Task{pipeline.Decode, pipeline.Scale, pipeline.Encode}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var tried []pipeline.Task
				var mu sync.Mutex
				p := Prover{
					Try: func(_ context.Context, trial pipeline.Trial) (pipeline.Finding, error) { return c.try(trial) },
					Tell: func(_ Device, trial pipeline.Trial) {
						mu.Lock()
						defer mu.Unlock()
						if !slices.Contains(tried, trial.Task) {
							tried = append(tried, trial.Task)
						}
					},
				}
				proofs, err := p.Prove(t.Context(), []Device{t4})
				if err != nil {
					t.Fatal(err)
				}
				if r := proofs[0].Best(pipeline.Encode, pipeline.H264); r.Why != c.why {
					t.Errorf("encoding: %q, want %q", r.Why, c.why)
				}
				if !slices.Equal(tried, c.tried) {
					t.Errorf("tried %v, want %v", tried, c.tried)
				}
			})
		})
	}
}

// Drivers limit the encoders of all cards together: two that are counted at once would take
// them from each other. Cards of another driver have theirs.
func TestProveCountsSessionsOneCardAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		open, most := map[pipeline.API]int{}, map[pipeline.API]int{}
		try := func(ctx context.Context, trial pipeline.Trial) (pipeline.Finding, error) {
			if trial.Task != pipeline.Sessions {
				return works(ctx, trial)
			}
			api := trial.Backend.Device.API
			mu.Lock()
			open[api]++
			most[api] = max(most[api], open[api])
			mu.Unlock()
			f, err := works(ctx, trial)
			mu.Lock()
			open[api]--
			mu.Unlock()
			return f, err
		}
		proofs, err := Prover{Try: try}.Prove(t.Context(), []Device{t4, other, h100, iris})
		if err != nil {
			t.Fatal(err)
		}
		if most[pipeline.CUDA] != 1 || most[pipeline.VA] != 1 {
			t.Errorf("counted at once: %v", most)
		}
		for _, p := range proofs {
			if s := p.Sessions(); s.Sessions != 5 {
				t.Errorf("%s: %+v", p.Device.Name, s)
			}
		}
	})
}

// What is cut off is no result, and a device with a problem is left alone.
func TestProveIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		broken := Device{API: pipeline.VA, Problem: "no permission"}
		start := time.Now()
		proofs, err := Prover{Try: hanging}.Prove(ctx, []Device{broken, t4})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if p := proofs[0]; !p.At.IsZero() || len(p.Results) != 0 {
			t.Errorf("the broken device: %+v", p)
		}
	})
}
