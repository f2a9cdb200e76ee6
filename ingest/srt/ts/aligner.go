package ts

import "bytes"

// Sizes and the first byte of a packet (2.4.3.2).
const (
	packetSize = 188
	syncByte   = 0x47
)

// syncPackets is how many packets in a row have to begin with the sync byte before
// the beginning is believed: 0x47 is frequent in media.
const syncPackets = 3

// aligner cuts a byte stream into packets, wherever they begin.
type aligner struct {
	rest    []byte // of what was fed last: less than syncPackets packets
	locked  bool   // the rest begins where a packet does
	seeking bool   // bytes are being passed over
	resyncs int64  // how often that had to be
}

// feed takes b and calls each for every packet that is whole. Packets alias buffers
// of the aligner and of the caller, and are good until feed returns.
func (a *aligner) feed(b []byte, each func([]byte) error) error {
	if len(a.rest) > 0 {
		a.rest = append(a.rest, b...)
		b = a.rest
	}
	var err error
	for err == nil && len(b) >= packetSize {
		if !a.locked || b[0] != syncByte || spliced(b) {
			if b = a.seek(b); len(b) < packetSize || !a.locked {
				break
			}
		}
		err = each(b[:packetSize])
		b = b[packetSize:]
	}
	a.rest = append(a.rest[:0], b...)
	return err
}

// spliced says that another packet does not begin where this one should end: bytes of it
// are missing.
func spliced(b []byte) bool { return len(b) > packetSize && b[packetSize] != syncByte }

// seek passes over what is no packet.
func (a *aligner) seek(b []byte) []byte {
	skip, found := findSync(b)
	if a.locked || skip > 0 && !a.seeking {
		a.resyncs++
	}
	a.locked, a.seeking = found, !found
	return b[skip:]
}

// cut says that bytes are missing after those that were fed.
func (a *aligner) cut() { a.rest, a.locked, a.seeking = a.rest[:0], false, true }

// findSync is where a row of packets begins. Without one it tells how many bytes are
// of no more use: the rest may be the beginning of a row.
func findSync(b []byte) (skip int, found bool) {
	for at := 0; at < len(b); at++ {
		next := bytes.IndexByte(b[at:], syncByte)
		if next < 0 {
			return len(b), false
		}
		at += next
		switch whole, row := syncRow(b[at:]); {
		case whole:
			return at, true
		case row:
			return at, false
		}
	}
	return len(b), false
}

// syncRow says whether b begins with a row of packets; or, where b is too short for
// one, whether it may.
func syncRow(b []byte) (whole, maybe bool) {
	for n := range syncPackets {
		at := n * packetSize
		if at >= len(b) {
			return false, true
		}
		if b[at] != syncByte {
			return false, false
		}
	}
	return true, true
}
