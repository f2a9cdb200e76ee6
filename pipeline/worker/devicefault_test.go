package worker

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ladderd/pipeline"
)

func TestDeviceFaultTellsWhatLibavSaidMeanwhile(t *testing.T) {
	libavSaid.add("of old\n")
	before := libavSaid.mark()
	for _, part := range []string{"cuInit(0) failed", " -> CUDA_ERROR_NO_DEVICE: none", "\n", "twice\n", "twice\n"} {
		libavSaid.add(part)
	}
	cause := errors.New("no luck")
	err := deviceFault(before, cause)
	const want = "no luck (libav: cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: none; twice)"
	if err.Error() != want || !errors.Is(err, cause) || exitCode(err) != pipeline.ExitRetryElsewhere {
		t.Errorf("got %v, to be tried %d", err, exitCode(err))
	}
	if err := deviceFault(libavSaid.mark(), cause); err.Error() != cause.Error() {
		t.Errorf("got %v where libav said nothing", err)
	}
}

func TestHearingForgetsTheOldest(t *testing.T) {
	var h hearing
	mark := h.mark()
	for range heard {
		h.add("old\n")
	}
	h.add("new\n")
	if got := h.since(mark); !slices.Equal(got, []string{"old", "new"}) || len(h.parts) != heard {
		t.Errorf("%d parts, of which %s", len(h.parts), strings.Join(got, ", "))
	}
	if got := h.since(h.mark()); got != nil {
		t.Errorf("got %q", got)
	}
}
