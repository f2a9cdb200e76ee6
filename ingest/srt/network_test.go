package srt

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"ladderd/testassets/await"
	"ladderd/testassets/weather"
)

// between puts a network between a publisher and the server.
func between(t *testing.T, server *Server, w weather.Weather) *weather.Relay {
	t.Helper()
	r, err := weather.Start(server.Addr().String(), w, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestLostPacketsComeAgain(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := start(t, d, Config{Latency: 4 * time.Second})
	// gosrt says each thing of the handshake once.
	relay := between(t, server, weather.Weather{Loss: 0.05, Calm: 10})
	conn := mustDial(t, relay.Addr(), plainKey, "")
	s := d.session(t, 0)
	send(t, conn, messages(t, 600))
	d.await(t, "all pictures", func() bool { return len(s.packets) == 599 })
	if l := s.request.Link(); l.Lost == 0 || l.Retransmitted == 0 || l.Dropped > 0 || l.Damaged > 0 || l.Delay != 4*time.Second || l.RTT == 0 {
		t.Errorf("link %+v", l)
	}
}

// TestGoodbyeHasWhatIsHeldBack ends a broadcast long before its last picture is due.
func TestGoodbyeHasWhatIsHeldBack(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := start(t, d, Config{Latency: 3 * time.Second})
	conn := mustDial(t, server.Addr(), plainKey, "")
	s := d.session(t, 0)
	all := messages(t, 30)
	send(t, conn, all)
	d.awaitArrival(t, s, len(all))
	conn.Close()
	if cause := s.end(t); cause != nil {
		t.Errorf("a goodbye is taken for %v", cause)
	}
	if n := len(s.packets); n != 30 {
		t.Errorf("%d pictures of 30", n)
	}
}

// TestPublisherThatVanishes is noticed by libsrt after 5 s, and is no goodbye.
func TestPublisherThatVanishes(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := start(t, d, Config{})
	relay := between(t, server, weather.Weather{})
	conn := mustDial(t, relay.Addr(), plainKey, "")
	s := d.session(t, 0)
	send(t, conn, messages(t, 30))
	d.await(t, "pictures", func() bool { return len(s.packets) == 29 })
	relay.Cut()
	if cause := s.end(t); cause != errLost {
		t.Errorf("ended by %v", cause)
	}
}

// TestManyPublishersLeaveNoThreads is alone in the process, so that libsrt's threads
// are its own. Go's are not counted: how many of them there are is how many calls into C
// were busy at once, and they stay.
func TestManyPublishersLeaveNoThreads(t *testing.T) {
	const publishers = 100
	d := newDesk()
	server, _ := start(t, d, Config{})
	round := func() {
		first := len(d.all())
		conns := make([]gosrt.Conn, publishers)
		var wg sync.WaitGroup
		media := messages(t, 30)
		hands := make(chan struct{}, 4) // a full socket loses what comes
		for i := range conns {
			wg.Go(func() {
				hands <- struct{}{}
				defer func() { <-hands }()
				c, err := dial(server.Addr(), lockedKey, passphrase)
				for range 5 { // gosrt says each thing of the handshake once
					if err == nil {
						break
					}
					c, err = dial(server.Addr(), lockedKey, passphrase)
				}
				if err != nil {
					t.Error(err)
					return
				}
				conns[i] = c
				for _, m := range media {
					_, _ = c.Write(m)
				}
			})
		}
		wg.Wait()
		if t.Failed() {
			t.FailNow()
		}
		// SRT drops what is late, and a handshake that fails here may have ended well there.
		d.await(t, "pictures of all", func() bool {
			live := 0
			for _, s := range d.sessions[first:] {
				if len(s.packets) > 0 {
					live++
				}
			}
			return live >= publishers
		})
		if n := threads(t); n < publishers {
			t.Errorf("%d threads read %d publishers", n, publishers)
		}
		for _, c := range conns {
			c.Close()
		}
		for _, s := range d.all()[first:] {
			_ = s.end(t)
		}
	}
	round() // the listener's own threads stay
	before := threads(t)
	round()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := await.Until(ctx, "threads to end", nil, func() (bool, error) { return threads(t) <= before, nil })
	if err != nil {
		t.Errorf("%v: %d after %d publishers, %d before", err, threads(t), publishers, before)
	}
	t.Logf("%d threads before %d publishers, %d after", before, publishers, threads(t))
}

// threads is how many of libsrt's the process has. libsrt names them all.
func threads(t *testing.T) int {
	t.Helper()
	names, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range names {
		name, err := os.ReadFile(path)
		if err == nil && strings.HasPrefix(string(name), "SRT:") { // one that has ended cannot be read
			count++
		}
	}
	if count == 0 {
		t.Fatal("no thread has a name of libsrt's, which has threads as long as it listens")
	}
	return count
}
