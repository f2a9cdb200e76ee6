package wire

import "encoding/binary"

// repetition is whether the peer repeats the extended timestamp on chunks of
// format 3. Section 5.3.1.3 demands it; older FFmpeg and some hardware encoders
// leave it out, and the header does not tell. Read wrongly, either way, every
// message of more than one chunk is garbage from 4 h 39 min 37 s on.
type repetition int

const (
	notSeen repetition = iota
	repeated
	leftOut
)

// extension reads the extended timestamp of a format 3 chunk, if there is one.
// The first such chunk decides for the connection: where its next four bytes are
// the timestamp that the message's header told, the peer repeats it; payload
// looks like that once in 2³² streams.
func (r *Reader) extension(cs *chunkStream) (value uint32, there bool, err error) {
	if !cs.isExtended || r.repeat == leftOut {
		return 0, false, nil
	}
	b, err := r.r.Peek(4)
	if err != nil {
		return 0, false, err
	}
	value = binary.BigEndian.Uint32(b)
	if r.repeat == notSeen {
		r.repeat = leftOut
		if cs.looksRepeated(value) {
			r.repeat = repeated
		}
	}
	if r.repeat == leftOut {
		return 0, false, nil
	}
	_, err = r.r.Discard(4)
	return value, true, err
}

// looksRepeated says whether value can be this chunk's extended timestamp: the
// header's field, the absolute timestamp that some write instead of a delta, or,
// where a message begins, one a little later.
func (cs *chunkStream) looksRepeated(value uint32) bool {
	if value == cs.extension || value == cs.timestamp {
		return true
	}
	return !cs.open && value-cs.timestamp < steadyDelta
}
