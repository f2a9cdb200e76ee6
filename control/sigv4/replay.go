package sigv4

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// repeats is how long the same call may come again from a client that signs whole
	// seconds: one for the clock and one for the way.
	repeats = 2 * time.Second
	// rememberedMost bounds the memory to some 100 MB: 2,300 calls a second for 15
	// minutes. Further calls wait until older ones are forgotten.
	rememberedMost = 2 << 20
)

// mark is the beginning of a signature, or of a digest.
type mark [16]byte

// replays remembers which signatures were accepted, by the minute that they were made in: a
// signature has one date, so that it is looked for in one place, and is forgotten with all
// others of its minute.
type replays struct {
	mu      sync.Mutex
	minutes map[int64]map[mark]time.Time // when it was accepted first
	count   int
}

// calls are the headers by which SDKs tell calls, and their attempts, apart.
var calls = []string{"Amz-Sdk-Invocation-Id", "Amz-Sdk-Request"}

// callMark tells calls with the same signature apart. It is the signature's own mark for
// clients that say nothing, or have signed what they say, and for calls that may not repeat; the
// zero mark where a client need not say anything.
func (v *Verifier) callMark(r *http.Request, a *authorization) mark {
	if v.o.Repeats != nil && !v.o.Repeats(r) {
		return mark(a.signature[:16])
	}
	sum := sha256.New()
	sum.Write(a.signature[:])
	told := false
	for _, name := range calls {
		if value := r.Header.Get(name); value != "" && !a.signs(strings.ToLower(name)) {
			sum.Write([]byte("\n" + value))
			told = true
		}
	}
	switch {
	case told:
		return mark(sum.Sum(nil)[:16])
	case v.o.Unmarked:
		return mark{}
	}
	return mark(a.signature[:16])
}

// accept remembers a signature made at date, and refuses it where it was accepted before.
func (s *replays) accept(signature, call mark, date, now time.Time) *Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	minute := date.Unix() / 60
	first, seen := s.minutes[minute][signature]
	_, again := s.minutes[minute][call] // the zero mark never is there
	switch {
	case again, seen && now.Sub(first) > repeats:
		return refuse(codeInvalid, "the request was received before: each has to be signed anew")
	case s.count >= rememberedMost:
		return refuse(codeThrottled, "more than %d requests within the time in which signatures are good", rememberedMost)
	}
	if s.minutes[minute] == nil {
		s.minutes[minute] = map[mark]time.Time{}
	}
	for _, m := range []mark{signature, call} {
		if _, there := s.minutes[minute][m]; !there && m != (mark{}) {
			s.minutes[minute][m] = now
			s.count++
		}
	}
	return nil
}

// forget drops the minutes whose signatures are too old to be accepted.
func (s *replays) forget(now time.Time) {
	oldest := now.Add(-skew).Unix() / 60
	for minute, signatures := range s.minutes {
		if minute < oldest {
			s.count -= len(signatures)
			delete(s.minutes, minute)
		}
	}
}
