package rtmp

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/testassets/netns"
	"ladderd/testassets/process"
)

// A publisher whose network is gone says nothing any more, not even goodbye.
func TestPublisherThatVanishesIsGivenUp(t *testing.T) {
	cable, err := netns.Lay()
	if err != nil {
		t.Skip("there is no network to cut off on this machine:", err)
	}
	t.Cleanup(func() {
		if err := cable.Remove(); err != nil {
			t.Error(err)
		}
	})
	ln, err := net.Listen("tcp", net.JoinHostPort(cable.Here.String(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	s := startOn(t, ln, Config{IdleTimeout: 2 * time.Second})
	tool(t, "ffmpeg")
	args := strings.Fields("-nostdin -loglevel error -re -f lavfi -i testsrc2=size=320x180:rate=30 -c:v libx264 -preset ultrafast -g 30 -f flv " +
		s.urlOf("rtmp", "/app/"+testKey))
	ffmpeg, err := process.Start(cable.Command("ffmpeg", args...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ffmpeg.Stop(syscall.SIGKILL, time.Second) })
	s.packets(t, 10)
	if err := cable.Cut(); err != nil {
		t.Fatal(err)
	}
	ses := s.ended(t, 0)
	if ses.cause == nil || !strings.Contains(ses.cause.Error(), "no message from the publisher for 2s") {
		t.Errorf("ended with %v", ses.cause)
	}
	if !ffmpeg.Running() {
		t.Errorf("ffmpeg has noticed:\n%s", ffmpeg.Output())
	}
}
