package hls

import (
	"testing"
	"time"
)

func TestWindows(t *testing.T) {
	var packets []Packet
	for i := range 100 { // 25 a second, a fat one at 2 s
		size := 1000
		if i == 50 {
			size = 11000
		}
		packets = append(packets, Packet{DTS: int64(i) * 3600, PTS: int64(i) * 3600, Duration: 3600, Size: size})
	}
	lean, fat, ok := Windows(packets, time.Second)
	if !ok || lean != (Window{0, 200_000}) || fat != (Window{26 * 3600, 280_000}) {
		t.Errorf("%v, leanest %+v, fattest %+v", ok, lean, fat)
	}
	if _, _, ok := Windows(packets, 5*time.Second); ok {
		t.Error("a window that is longer than the media")
	}
}
