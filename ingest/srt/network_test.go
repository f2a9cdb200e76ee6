package srt

import (
	"context"
	"os"
	"regexp"
	"strconv"
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

// TestManyPublishersLeaveNoThreads is alone in the process, so that threads are its own.
func TestManyPublishersLeaveNoThreads(t *testing.T) {
	const publishers = 100
	d := newDesk()
	server, _ := start(t, d, Config{})
	round := func() {
		first := len(d.all())
		conns := make([]gosrt.Conn, publishers)
		var wg sync.WaitGroup
		media := messages(t, 5)
		hands := make(chan struct{}, 8) // gosrt says each thing once, and a full socket loses it
		for i := range conns {
			wg.Go(func() {
				hands <- struct{}{}
				defer func() { <-hands }()
				c, err := dial(server.Addr(), lockedKey, passphrase)
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
		d.await(t, "pictures of all", func() bool {
			for _, s := range d.sessions[first:] {
				if len(s.packets) < 4 {
					return false
				}
			}
			return len(d.sessions) == first+publishers
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
	round() // the runtime's own threads, and libsrt's, stay
	before := threads(t)
	round()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := await.Until(ctx, "threads to end", nil, func() (bool, error) { return threads(t) <= before+5, nil })
	if err != nil {
		t.Errorf("%v: %d after %d publishers, %d before", err, threads(t), publishers, before)
	}
	t.Logf("%d threads before %d publishers, %d after", before, publishers, threads(t))
}

var threadLine = regexp.MustCompile(`(?m)^Threads:\s+(\d+)`)

// threads is how many the process has.
func threads(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	m := threadLine.FindSubmatch(status)
	if m == nil {
		t.Fatalf("no threads in\n%s", status)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
