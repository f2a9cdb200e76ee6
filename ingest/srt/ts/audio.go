package ts

import (
	"fmt"
	"slices"

	"ladderd/media"
)

// adtsHead is an ADTS header without its checksum, in bytes (ISO/IEC 14496-3, 1.A.2).
const adtsHead = 7

// audioTrack reads AAC in ADTS: any number of frames in a PES packet, which may begin
// in one and end in the next.
type audioTrack struct {
	params  *media.AudioParams
	changed bool // params are not on a packet yet
	fixed   uint32
	doubted uint32      // another head that came once
	rest    []byte      // the beginning of a frame
	next    media.Ticks // when the rest's frame sounds
}

// unit takes a PES packet's content at pts and gives its frames to each. It counts
// what had to be passed over.
func (t *audioTrack) unit(pts media.Ticks, data []byte, each func(media.Packet) error) (skipped int, err error) {
	begun := len(t.rest) // that much belongs to a frame before pts (2.4.3.7, PTS)
	b := append(t.rest, data...)
	at, frames := 0, int64(0)
	for len(b)-at >= adtsHead {
		f, ok := readADTS(b[at:])
		if ok && at+f.size > len(b) {
			break
		}
		if !ok || !followed(b[at:], f.size) {
			at += 1 + nextADTS(b[at+1:])
			skipped++
			continue
		}
		believed, err := t.adopt(f)
		if err != nil {
			return skipped, err
		}
		when := t.next
		if at >= begun && t.params != nil {
			when = pts + t.params.FrameTicks(frames)
			frames++
		}
		if believed {
			err = each(t.frame(when, f, b[at:at+f.size]))
		} else {
			skipped++
		}
		if err != nil {
			return skipped, err
		}
		at += f.size
	}
	if t.params != nil && at >= begun {
		t.next = pts + t.params.FrameTicks(frames)
	}
	t.rest = append(t.rest[:0], b[at:]...)
	return skipped, nil
}

// frame is the packet of a frame whose bytes are whole, the head among them.
func (t *audioTrack) frame(when media.Ticks, f adtsFrame, whole []byte) media.Packet {
	p := media.Packet{Kind: media.Audio, PTS: when, DTS: when, Data: slices.Clone(whole[f.head:]), Received: len(whole)}
	if t.changed {
		p.Audio, t.changed = t.params, false
	}
	return p
}

// goesOn is when a frame sounds that begins in a PES packet without a PTS; false where
// that is not known.
func (t *audioTrack) goesOn() (media.Ticks, bool) {
	switch {
	case t.params == nil:
		return 0, false
	case len(t.rest) > 0:
		return t.next + t.params.FrameTicks(1), true
	}
	return t.next, true
}

// lose forgets a frame that has begun: its end will not come.
func (t *audioTrack) lose() { t.rest = t.rest[:0] }

// followed says whether another frame begins where this one ends, as far as can be
// seen: bytes that look like a head are frequent in media.
func followed(b []byte, size int) bool {
	return len(b) < size+2 || b[size] == 0xff && b[size+1]&0xf6 == 0xf0
}

// adopt takes over a frame's parameters. A head that is not like those before, or
// not taken, is believed when it comes again.
func (t *audioTrack) adopt(f adtsFrame) (believed bool, err error) {
	if t.params != nil && f.fixed == t.fixed {
		return true, nil
	}
	params, err := f.params()
	if (t.params != nil || err != nil) && f.fixed != t.doubted {
		t.doubted = f.fixed
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("audio: %w", err)
	}
	t.fixed, t.doubted = f.fixed, 0
	if !params.Same(t.params) {
		t.params, t.changed = params, true
	}
	return true, nil
}

// adtsFrame is what a head tells.
type adtsFrame struct {
	fixed                   uint32 // what is the same in each frame of a track
	profile, rate, channels byte
	head, size              int // bytes of the head, and of the whole frame
	blocks                  int
}

// readADTS reads a head of at least adtsHead bytes.
func readADTS(b []byte) (f adtsFrame, ok bool) {
	if b[0] != 0xff || b[1]&0xf6 != 0xf0 {
		return f, false
	}
	f.profile, f.rate = b[2]>>6, b[2]>>2&0x0f
	f.channels = b[2]&1<<2 | b[3]>>6
	// The private bit and those of copyright may change.
	f.fixed = uint32(b[1])<<16 | uint32(b[2]&0xfd)<<8 | uint32(b[3]&0xc0)
	f.blocks = int(b[6]&3) + 1
	f.fixed |= uint32(f.blocks - 1)
	f.size = int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
	f.head = adtsHead
	if b[1]&1 == 0 {
		f.head += 2
	}
	return f, f.size > f.head && f.rate < 13
}

// params are the track's: an AudioSpecificConfig of the same meaning.
func (f adtsFrame) params() (*media.AudioParams, error) {
	if f.blocks != 1 {
		return nil, fmt.Errorf("AAC with %d blocks in an ADTS frame; only 1 is supported", f.blocks)
	}
	kind := f.profile + 1
	return media.NewAudioParams([]byte{kind<<3 | f.rate>>1, f.rate<<7 | f.channels<<3})
}

// nextADTS is how far the next byte is that a head may begin with.
func nextADTS(b []byte) int {
	for i, v := range b {
		if v == 0xff {
			return i
		}
	}
	return len(b)
}
