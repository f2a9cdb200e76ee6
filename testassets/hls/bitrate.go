package hls

import "time"

// Window is the bit rate over a span of a track.
type Window struct {
	PTS  int64 // where it begins, in 90 kHz ticks
	Rate int   // bits per second
}

// Windows are the bit rates of video packets over every span of that length that
// begins with a packet and lies wholly in the media: the leanest and the fattest.
// ok is false where the media are shorter than span.
func Windows(packets []Packet, span time.Duration) (leanest, fattest Window, ok bool) {
	ticks := int64(span * 90000 / time.Second)
	bits, end := 0, 0
	for _, p := range packets {
		for end < len(packets) && packets[end].DTS < p.DTS+ticks {
			bits += 8 * packets[end].Size
			end++
		}
		if last := packets[len(packets)-1]; p.DTS+ticks > last.DTS+last.Duration {
			break
		}
		w := Window{p.PTS, int(int64(bits) * 90000 / ticks)}
		if !ok || w.Rate < leanest.Rate {
			leanest = w
		}
		if !ok || w.Rate > fattest.Rate {
			fattest = w
		}
		ok = true
		bits -= 8 * p.Size
	}
	return leanest, fattest, ok
}
