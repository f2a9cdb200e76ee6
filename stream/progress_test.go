package stream

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/pipeline"
)

// A stream whose goroutine is held up is told, and is well again when it goes on.
func TestProgressNamesAStreamThatStandsStill(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		hold, tell := make(chan struct{}), r.options.Events
		r.options.Events = func(e Event) {
			if e.Name() == event.NameStreamStart {
				<-hold
			}
			tell(e)
		}
		p := r.join(t, "")
		for _, packet := range footageOf(t).shoot(3) {
			if err := p.Write(packet); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if err := r.Progress(); err != nil {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(stall + beat)
		if err := r.Progress(); !errors.Is(err, errStands) || !strings.Contains(err.Error(), "channel a") {
			t.Errorf("after %v: %v", stall+beat, err)
		}
		close(hold)
		time.Sleep(beat)
		synctest.Wait()
		if err := r.Progress(); err != nil {
			t.Errorf("once it goes on: %v", err)
		}
	})
}

// A stream that is well is never told, whatever it waits for; nor is one that has ended.
func TestProgressIsSilentOverStreamsThatWait(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		well := func(when string) {
			t.Helper()
			synctest.Wait()
			if err := r.Progress(); err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(3)...)
		time.Sleep(20 * time.Second)
		well("silent")
		p.Close(errors.New("cable"))
		time.Sleep(20 * time.Second)
		well("waiting for its publisher")
		time.Sleep(2 * time.Minute)
		if r.Count() != 0 {
			t.Error("it is still on air")
		}
		well("ended")
	})
}

// deserted is a transcoder whose supervisor was last heard of at some time.
type deserted struct {
	Transcoder
	at *time.Time
}

func (d deserted) Snapshot() pipeline.Snapshot { return pipeline.Snapshot{At: *d.at} }

func TestProgressLooksAtSupervisors(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		at, begin := time.Now(), r.options.Transcode
		r.options.Transcode = func(j pipeline.Job, o pipeline.Options) (Transcoder, error) {
			t, err := begin(j, o)
			return deserted{t, &at}, err
		}
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(3)...)
		at = time.Now().Add(-stall)
		if err := r.Progress(); err != nil {
			t.Errorf("heard of not long ago: %v", err)
		}
		at = time.Now().Add(-stall - time.Millisecond)
		if err := r.Progress(); !errors.Is(err, errUnattended) {
			t.Errorf("not heard of: %v", err)
		}
	})
}

// Drain lets those go on who publish, and nobody else begin.
func TestDrainWaitsForPublishers(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		p := r.join(t, "")
		shot := footageOf(t).shoot(4)
		p.send(t, shot[:len(shot)/2]...)
		drained := make(chan struct{})
		go func() { r.Drain(t.Context()); close(drained) }()
		synctest.Wait()
		r.Put(Channel{ID: "b", Type: basic.Type, Key: "key-b", Insecure: true})
		if _, err := r.Accept(ingest.Request{Key: "key-b"}); !errors.Is(err, ingest.ErrDraining) {
			t.Errorf("a new stream: %v", err)
		}
		p.Close(errors.New("cable"))
		back := r.join(t, "") // the stream goes on
		back.send(t, shot[len(shot)/2:]...)
		select {
		case <-drained:
			t.Error("it did not wait")
		default:
		}
		back.Close(nil)
		<-drained
		if r.Count() != 0 {
			t.Error("a stream is on air")
		}
		if _, err := r.ask(""); !errors.Is(err, ingest.ErrDraining) {
			t.Errorf("a new stream afterwards: %v", err)
		}
	})
}
