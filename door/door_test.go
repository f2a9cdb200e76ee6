package door

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestDoorCountsByAddress(t *testing.T) {
	var log strings.Builder
	d := New(Options{Who: "viewers", Connections: 5, PerAddress: 2, Log: slog.New(slog.NewTextHandler(&log, nil))})
	host := func(ip string) netip.Prefix {
		return hostOf(&net.TCPAddr{IP: net.ParseIP(ip), Port: 1})
	}
	for i, c := range []struct {
		from string
		want bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", true}, {"192.0.2.1", false}, {"::ffff:192.0.2.1", false},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::ffff:1", false}, {"2001:db8:0:1::1", true},
		{"198.51.100.1", false}, // all five places are taken
	} {
		if got := d.enter(host(c.from)); got != c.want {
			t.Errorf("%d, from %s: let in %v", i, c.from, got)
		}
	}
	d.leave(host("192.0.2.1"))
	if !d.enter(host("127.0.0.1")) {
		t.Error("no place after one has left")
	}
	if n := strings.Count(log.String(), "turned away"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
	d.told = d.told.Add(-tellEvery)
	d.enter(host("192.0.2.9"))
	if !strings.Contains(log.String(), "refused=4") {
		t.Errorf("not told how many: %s", log.String())
	}
	for _, from := range []string{"192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "127.0.0.1"} {
		d.leave(host(from))
	}
	if d.open != 0 || len(d.from) != 0 {
		t.Errorf("%d open, from %v", d.open, d.from)
	}
}

func TestDoorDoesNotLimitLoopback(t *testing.T) {
	d := New(Options{PerAddress: 1, FailedKeys: 1, Log: slog.New(slog.DiscardHandler)})
	for _, ip := range []string{"127.0.0.1", "::1"} {
		at := &net.TCPAddr{IP: net.ParseIP(ip)}
		for range 3 {
			if _, ok := d.Enter(at); !ok {
				t.Errorf("%s was turned away", ip)
			}
			d.Failed(at)
		}
	}
}

func TestTooManyConnectionsAreClosed(t *testing.T) {
	d := New(Options{Connections: 1, Log: slog.New(slog.DiscardHandler)})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := d.Guard(inner)
	dial := func() net.Conn {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	dial()
	first, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- c
	}()
	refused := dial()
	_ = refused.SetReadDeadline(time.Now().Add(10 * time.Second)) // a guard against hanging
	if n, err := refused.Read(make([]byte, 1)); n != 0 || err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("a second connection was not closed: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	_ = first.Close() // twice, as net/http may
	dial()
	second, ok := <-accepted
	if !ok {
		t.Fatal("no place after the first has left")
	}
	_ = second.Close()
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if d.open != 0 {
		t.Errorf("%d open", d.open)
	}
}
