package door

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddressThatGuessesKeysIsKeptOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		d := New(Options{Who: "publishers", FailedKeys: 3, Log: slog.New(slog.NewTextHandler(&log, nil))})
		guesser := &net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 9}
		neighbour := &net.TCPAddr{IP: net.ParseIP("2001:db8::2"), Port: 9} // in the same /64
		other := &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 9}
		may := func(a net.Addr) bool {
			leave, ok := d.Enter(a)
			if ok {
				leave()
			}
			return ok
		}
		d.Failed(guesser)
		<-time.After(guessTime + time.Second) // the first is forgotten
		d.Failed(guesser)
		d.Failed(neighbour)
		if !may(guesser) {
			t.Error("kept out after two keys in a minute")
		}
		d.Failed(guesser)
		if may(guesser) || may(neighbour) {
			t.Error("let in after three keys in a minute")
		}
		if !may(other) {
			t.Error("another address is kept out")
		}
		<-time.After(guessTime + time.Second)
		if !may(guesser) {
			t.Error("kept out for longer than a minute")
		}
		d.Failed(guesser)
		if len(d.guesses.byHost) != 1 || d.guesses.byHost[hostOf(guesser)].keys != 1 {
			t.Errorf("remembered: %v", d.guesses.byHost)
		}
		for _, words := range []string{"too many unknown keys", "from=2001:db8::/64"} {
			if strings.Count(log.String(), words) == 0 {
				t.Errorf("the log does not say %q:\n%s", words, log.String())
			}
		}
	})
}

func TestRememberedGuessersAreBounded(t *testing.T) {
	g, now := newGuesses(2), time.Unix(1000, 0)
	host := func(i int) netip.Prefix { return netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x::/64", i)) }
	for i := range maxGuessers + 10 {
		g.add(host(i), now.Add(time.Duration(i)))
	}
	if n := len(g.byHost); n > maxGuessers {
		t.Errorf("%d hosts are remembered", n)
	}
	if _, first := g.byHost[host(0)]; first {
		t.Error("it is not the oldest that made room")
	}
	g.add(host(1<<15), now.Add(2*guessTime))
	if n := len(g.byHost); n != 1 {
		t.Errorf("%d hosts are remembered of whom nothing has come for two minutes", n)
	}
}
