package control

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiters hold the call rates: one for each operation, and one for each channel where the
// operation has such a rate. A second's calls may come at once.
type limiters struct {
	mu   sync.Mutex
	by   map[string]*limiter
	last time.Time // when those that had nothing to do were thrown away
}

type limiter struct {
	*rate.Limiter
	used time.Time
}

// idle is how long a limiter that nobody asks is kept; it is full again long before.
const idle = time.Minute

func newLimiters() *limiters { return &limiters{by: map[string]*limiter{}} }

// ofChannel is a request whose rate is limited for each channel.
type ofChannel interface {
	channel() string
}

// allow takes a call's place. The rates of the table hold times factor.
func (l *limiters) allow(o *operation, request any, factor int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tidy(now)
	if c, ok := request.(ofChannel); ok && o.perChannel > 0 && !l.of(o.action()+" "+c.channel(), o.perChannel*factor, now).AllowN(now, 1) {
		return false
	}
	return l.of(o.action(), o.rate*factor, now).AllowN(now, 1)
}

func (l *limiters) of(name string, perSecond int, now time.Time) *limiter {
	one := l.by[name]
	if one == nil || one.Burst() != perSecond {
		one = &limiter{Limiter: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
		l.by[name] = one
	}
	one.used = now
	return one
}

func (l *limiters) tidy(now time.Time) {
	if now.Sub(l.last) < idle {
		return
	}
	l.last = now
	for name, one := range l.by {
		if now.Sub(one.used) >= idle {
			delete(l.by, name)
		}
	}
}
