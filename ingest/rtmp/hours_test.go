package rtmp

import (
	"strings"
	"testing"

	"ladderd/media"
)

// Half a day of a broadcast whose bit rate changes, from the socket to the session,
// without the time: audio and video stay in step across the 24 bits of a plain
// timestamp and the 32 of an extended one.
func TestTwelveHoursStayInStep(t *testing.T) {
	const hours, step = 12 * 3_600_000, 4001 // ms
	for name, start := range map[string]int64{"across 24 bits": 0, "across 32 bits": 1<<32 - hours/2} {
		t.Run(name, func(t *testing.T) {
			s := broadcastFrom(t, start)
			n := 0
			for at := int64(0); at < hours; at += step {
				idr := 1 + int(at)%1500
				length := string([]byte{0, 0, byte(idr >> 8), byte(idr)})
				s.publisher.video(uint32(start+at), keyframe[:5]+length+"\x65"+strings.Repeat("i", idr-1))
				s.publisher.audio(uint32(start+at), "\xaf\x01"+strings.Repeat("a", 1+int(at)%400))
				n += 2
			}
			for i, p := range s.packets(t, n).packets {
				want := media.FromMillis(start + int64(i/2)*step)
				if p.DTS != want || p.PTS != want {
					t.Fatalf("packet %d of %d, %s: at %d, want %d", i, n, p.Kind, p.DTS, want)
				}
			}
		})
	}
}

type broadcasting struct {
	testServer
	publisher *client
}

// broadcastFrom is a publisher whose first timestamp is ms.
func broadcastFrom(t *testing.T, ms int64) broadcasting {
	t.Helper()
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	publisher.video(uint32(ms), videoConfig)
	publisher.audio(uint32(ms), audioConfig)
	return broadcasting{s, publisher}
}
