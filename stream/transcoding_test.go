package stream

import (
	"context"
	"errors"
	"slices"
	"testing"

	"ladderd/ladder"
	"ladderd/pipeline"
)

var cpu = pipeline.Backend{Encoder: pipeline.X264}

// onCPU has the CPU make all renditions.
type onCPU struct{}

func (onCPU) Place(context.Context, Wish) (Grant, error) { return Grant{Backend: cpu}, nil }
func (onCPU) Elsewhere(_ string, f pipeline.Failure) (pipeline.Backend, bool) {
	return f.Backend, false
}
func (onCPU) Release(string) {}

// oneGPU has channel a's streams begin on a GPU, and go on with the CPU.
type oneGPU struct{ err error }

var onGPU = pipeline.Backend{Encoder: pipeline.NVENC, Device: pipeline.Device{API: pipeline.CUDA, ID: "GPU-1"}}

func (g oneGPU) Place(_ context.Context, w Wish) (Grant, error) {
	if w.Channel != "a" {
		return Grant{Backend: cpu}, nil
	}
	return Grant{Backend: onGPU}, g.err
}
func (oneGPU) Elsewhere(_ string, f pipeline.Failure) (pipeline.Backend, bool) {
	return cpu, f.Backend != cpu
}
func (oneGPU) Release(string) {}

func TestStreamIsGivenItsChannelsBackend(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true})
	h.options.Devices = oneGPU{}
	given := make(chan pipeline.Backend, 1)
	h.options.Transcode = func(j pipeline.Job, o pipeline.Options) (Transcoder, error) {
		if next, ok := o.Elsewhere(pipeline.Failure{Backend: j.Backend, Reason: "lost"}); !ok || next != cpu {
			t.Errorf("goes on with %s, %v", next, ok)
		}
		if next, ok := o.Elsewhere(pipeline.Failure{Backend: cpu, Reason: "lost"}); ok {
			t.Errorf("leaves the CPU for %s", next)
		}
		given <- j.Backend
		return h.transcoder, nil
	}
	s := h.publish(t, basic.Key)
	write(t, s, first(20, realVideo(t))...)
	if got := <-given; got != onGPU {
		t.Errorf("runs on %s", got)
	}
	s.Close(nil)
}

func TestBackendThatIsNotToBeHadEndsTheStream(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true})
	h.options.Devices = oneGPU{errors.New("backend nvenc: this GPU has no video encoder")}
	s := h.publish(t, basic.Key)
	for _, p := range first(20, realVideo(t)) {
		if s.Write(p) != nil {
			break
		}
	}
	until(t, "the publisher is told", func() bool { return h.toldOf(errOwnFault.Error()) })
	until(t, "the channel is free", func() bool { return len(h.Status()) == 0 })
	s.Close(nil)
}

// A stream that passes its video through is on air without the backend.
func TestPassthroughNeedsNoBackend(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.Basic, Key: basic.Key, Insecure: true})
	h.options.Devices = oneGPU{errors.New("backend nvenc: this GPU has no video encoder")}
	s := h.publish(t, basic.Key)
	write(t, s, first(20, realVideo(t))...)
	until(t, "it is on air", func() bool { st := h.Status(); return len(st) == 1 && len(st[0].Renditions) > 0 })
	s.Close(nil)
}

func TestJobsSayWhatBecomesOfInterlacedSources(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true})
	given := make(chan pipeline.Interlaced, 1)
	h.terms.Interlaced = pipeline.Refuse
	h.options.Transcode = func(j pipeline.Job, _ pipeline.Options) (Transcoder, error) {
		given <- j.Interlaced
		return h.transcoder, nil
	}
	s := h.publish(t, basic.Key)
	write(t, s, first(20, realVideo(t))...)
	if got := <-given; got != pipeline.Refuse {
		t.Errorf("the job says %q", got)
	}
	s.Close(nil)
}

// What a stream is to encode no more, or to be encoded by, is told its transcoder, and
// operators.
func TestShedAndMove(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true})
	s := h.publish(t, basic.Key)
	write(t, s, first(20, realVideo(t))...)
	until(t, "it has a worker", func() bool { return len(h.Transcoding()) == 1 })
	id := h.Status()[0].ID
	h.Shed("st-unknown", []int{0}, "nobody has it")
	h.Shed(id, []int{1, 0}, "the machine is slow")
	if st := h.Status()[0]; !slices.Equal(st.Shed, []string{"360p30", "480p30"}) {
		t.Errorf("shed are %v of %v", st.Shed, st.Renditions)
	}
	if w := h.Transcoding()[id]; !slices.Equal(w.Progress.Shed, []int{1, 0}) {
		t.Errorf("the worker sheds %v", w.Progress.Shed)
	}
	h.Move("st-unknown", onGPU)
	h.Move(id, onGPU)
	if w := h.Transcoding()[id]; w.Backend != onGPU {
		t.Errorf("the worker is on %s", w.Backend)
	}
	h.Shed(id, nil, "there is room")
	if st := h.Status()[0]; st.Shed != nil {
		t.Errorf("shed are %v", st.Shed)
	}
	s.Close(nil)
}
