package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var someTrial = Trial{Task: Encode, Backend: Backend{Encoder: X264}, Codec: H264, Width: 640, Height: 360}

// tryWith plays the worker of a trial.
func tryWith(ctx context.Context, worker func(*process)) (Finding, error) {
	return Try(ctx, TryOptions{Log: slog.New(slog.DiscardHandler), launch: func(Trial) *process {
		p := newProcess()
		go func() {
			worker(p)
			close(p.events)
			close(p.done)
		}()
		return p
	}}, someTrial)
}

func TestTryTellsHowTheWorkerEnded(t *testing.T) {
	hang := func(p *process) { <-p.abort }
	for name, c := range map[string]struct {
		worker func(*process)
		want   Finding
		err    string
	}{
		"a finding": {func(p *process) {
			p.events <- Progress{}
			p.events <- Log{Text: "libav: hello"}
			p.events <- Finding{Pictures: 7}
		}, Finding{Pictures: 7}, ""},
		"a finding, and then a driver that does not let go": {func(p *process) {
			p.events <- Finding{Sessions: 2}
			hang(p)
		}, Finding{Sessions: 2}, ""},
		"a crash":   {func(p *process) { p.end = "signal: segmentation fault" }, Finding{}, "segmentation fault"},
		"rubbish":   {func(p *process) { p.rubbish = errors.New("message of unknown type 77") }, Finding{}, "unknown type 77"},
		"a failure": {func(p *process) { p.events <- Failed{Reason: "out of luck"} }, Finding{}, "out of luck"},
		"silence":   {hang, Finding{}, "no sign of life for 4s"},
		"a hang with a heartbeat": {func(p *process) {
			for {
				select {
				case p.events <- Progress{}:
				case <-p.abort:
					return
				}
				<-time.After(HeartbeatPeriod) // on synctest's clock
			}
		}, Finding{}, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				f, err := tryWith(ctx, c.worker)
				if f != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
					t.Errorf("%+v, %v; want %+v, %q", f, err, c.want, c.err)
				}
			})
		})
	}
}

func TestTrialsThatAreNoneAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Trial){
		"task": func(t *Trial) { t.Task = "juggle" }, "backend": func(t *Trial) { t.Backend = Backend{} },
		"codec": func(t *Trial) { t.Codec = "vp8" }, "codec to decode": func(t *Trial) { t.Task, t.Codec = Decode, HEVC }, "codec of sessions": func(t *Trial) { t.Task, t.Most, t.Codec = Sessions, 1, AV1 },
		"size": func(t *Trial) { t.Width = 8 },
		"time": func(t *Trial) { t.For = time.Hour }, "sessions": func(t *Trial) { t.Task = Sessions },
	} {
		trial := someTrial
		spoil(&trial)
		if _, err := Try(t.Context(), TryOptions{}, trial); err == nil {
			t.Errorf("a trial with a wrong %s was done", name)
		}
	}
}
