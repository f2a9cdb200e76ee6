package door

import (
	"net/netip"
	"time"
)

const (
	// guessTime is how long unknown keys are counted together, and then how long the
	// host that tried too many is kept out.
	guessTime = time.Minute
	// maxGuessers is how many hosts are remembered, some 100 bytes each. Whoever has
	// more addresses than that to try keys from is not stopped by any one's limit.
	maxGuessers = 10_000
)

// guesses are the unknown keys that came lately, by host.
type guesses struct {
	most   int // in guessTime; 0 for no limit
	byHost map[netip.Prefix]guess
	swept  time.Time
}

// guess is one host's. Until is the end of the time in which its keys are counted,
// or, where these are too many, for which it is kept out.
type guess struct {
	keys  int
	until time.Time
}

func newGuesses(most int) guesses {
	return guesses{most: most, byHost: map[netip.Prefix]guess{}}
}

// add counts a key; true where it was one too many.
func (g *guesses) add(host netip.Prefix, now time.Time) bool {
	if g.most == 0 {
		return false
	}
	if len(g.byHost) >= maxGuessers || now.Sub(g.swept) >= guessTime {
		g.sweep(now)
	}
	entry := g.byHost[host]
	if entry.keys == 0 || now.After(entry.until) {
		entry = guess{until: now.Add(guessTime)}
	}
	entry.keys++
	barred := entry.keys == g.most
	if barred {
		entry.until = now.Add(guessTime)
	}
	g.byHost[host] = entry
	return barred
}

// barred says whether the host is to be kept out.
func (g *guesses) barred(host netip.Prefix, now time.Time) bool {
	entry := g.byHost[host]
	return g.most > 0 && entry.keys >= g.most && !now.After(entry.until)
}

// sweep forgets the hosts whose time is over; where all places are taken still,
// the one whose time would be over next.
func (g *guesses) sweep(now time.Time) {
	g.swept = now
	var next netip.Prefix
	for host, entry := range g.byHost {
		if now.After(entry.until) {
			delete(g.byHost, host)
			continue
		}
		if first, ok := g.byHost[next]; !ok || entry.until.Before(first.until) {
			next = host
		}
	}
	if len(g.byHost) >= maxGuessers {
		delete(g.byHost, next)
	}
}
