package stream

import (
	"sync"
	"time"

	"ladderd/event"
)

// refusalPause is how long after a refusal was told the same one is not told again: an encoder that
// is refused tries again at once, for hours, and each time would be an event.
const refusalPause = 10 * time.Second

// refusals remembers which were told lately.
type refusals struct {
	mu   sync.Mutex
	told map[refused]time.Time
}

// refused is what makes two of them the same.
type refused struct{ channel, name, code string }

// news says whether an event is to be told: all are but refusals that were told just now.
func (r *refusals) news(e event.Event) bool {
	if e.Name() != event.NameTakeoverFailure && e.Name() != event.NameConcurrentBroadcasts {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one, now := refused{e.Channel().ID, e.Name(), e.Code()}, e.Time()
	if since := now.Sub(r.told[one]); since >= 0 && since < refusalPause {
		return false
	}
	for other, at := range r.told {
		if now.Sub(at) >= refusalPause {
			delete(r.told, other)
		}
	}
	if r.told == nil {
		r.told = map[refused]time.Time{}
	}
	r.told[one] = now
	return true
}
