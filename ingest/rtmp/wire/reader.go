package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

const (
	// defaultChunkSize holds until the peer says otherwise (section 5.4.1).
	defaultChunkSize = 128
	// growth is how much of a message's buffer is made at once, at most: a length
	// in a header must not take memory before the bytes come.
	growth = 64 << 10
	// keptBuffer is the largest buffer that is kept for the next message.
	keptBuffer = 1 << 20
	// steadyDelta, in ms, is longer than any two messages of one live track are
	// apart.
	steadyDelta = 10_000
)

// Limits bound what a peer can make a Reader hold.
type Limits struct {
	ChunkStreams int // on how many it may send
	Message      int // bytes of one message
	Held         int // bytes of all unfinished messages together
}

// Reader joins chunks to messages. It obeys Set Chunk Size and Abort itself.
type Reader struct {
	r         *bufio.Reader
	limits    Limits
	chunkSize uint32
	streams   map[uint32]*chunkStream
	held      int
	spare     []byte // buffer for the next message
	returned  []byte // buffer of the message that Next gave last
	repeat    repetition
}

// chunkStream is what later chunks leave out of their headers.
type chunkStream struct {
	header            // the last one of formats 0 to 2
	timestamp  uint32 // ms, absolute
	delta      uint32
	extension  uint32 // last extended timestamp, where extended is true
	isExtended bool
	open       bool // a message has begun and is not complete
	payload    []byte
}

// NewReader reads chunks of 128 bytes from r until the peer sets another size.
func NewReader(r *bufio.Reader, limits Limits) *Reader {
	return &Reader{r: r, limits: limits, chunkSize: defaultChunkSize, streams: map[uint32]*chunkStream{}}
}

// Next gives the next whole message. Its payload is valid until the next call.
// io.EOF means that the peer closed the connection between two chunks.
func (r *Reader) Next() (Message, error) {
	if cap(r.returned) > cap(r.spare) {
		r.spare = r.returned[:0]
	}
	r.returned = nil
	for {
		cs, err := r.chunk()
		if err != nil {
			return Message{}, err
		}
		if cs.open {
			continue
		}
		m := Message{Type: cs.kind, ChunkStream: cs.chunkStream, StreamID: cs.streamID, Timestamp: cs.timestamp, Payload: cs.payload}
		if cap(cs.payload) <= keptBuffer {
			r.returned = cs.payload
		}
		cs.payload = nil
		consumed, err := r.obey(m)
		if err != nil {
			return Message{}, err
		}
		if !consumed {
			return m, nil
		}
	}
}

// chunk reads one chunk; the chunk stream that it gives back is open unless the
// chunk completed a message.
func (r *Reader) chunk() (*chunkStream, error) {
	h, err := readHeader(r.r)
	if err != nil {
		return nil, err
	}
	cs := r.streams[h.chunkStream]
	if cs == nil {
		if cs, err = r.begin(h); err != nil {
			return nil, err
		}
	}
	if h.format < 3 {
		err = r.head(cs, h)
	} else {
		err = r.resume(cs)
	}
	if err != nil {
		return nil, noEOF(err)
	}
	return cs, noEOF(r.body(cs))
}

// begin takes up a chunk stream. Its first header should be of format 0; librtmp
// opens the control stream with format 1, for which absent values are 0.
func (r *Reader) begin(h header) (*chunkStream, error) {
	if h.format > 1 {
		return nil, fmt.Errorf("rtmp: chunk stream %d begins with a header of format %d, which refers to an earlier one", h.chunkStream, h.format)
	}
	if len(r.streams) >= r.limits.ChunkStreams {
		return nil, fmt.Errorf("rtmp: more than %d chunk streams", r.limits.ChunkStreams)
	}
	cs := &chunkStream{}
	r.streams[h.chunkStream] = cs
	return cs, nil
}

// head begins a message with a header of format 0, 1 or 2. A message that is
// still unfinished is dropped: its encoder has given it up.
func (r *Reader) head(cs *chunkStream, h header) error {
	r.abandon(cs)
	cs.isExtended = h.time == extended
	if cs.isExtended {
		var b [4]byte
		if _, err := io.ReadFull(r.r, b[:]); err != nil {
			return err
		}
		h.time = binary.BigEndian.Uint32(b[:])
		cs.extension = h.time
	}
	cs.format, cs.chunkStream = h.format, h.chunkStream
	if h.format <= 1 {
		cs.length, cs.kind = h.length, h.kind
	}
	cs.delta = h.time
	if h.format == 0 {
		cs.streamID, cs.timestamp = h.streamID, h.time
	} else {
		cs.timestamp += cs.delta
	}
	return r.open(cs)
}

// resume handles a header of format 3, which continues a message or begins one
// just like the last.
func (r *Reader) resume(cs *chunkStream) error {
	value, there, err := r.extension(cs)
	if err != nil || cs.open {
		return err
	}
	switch {
	case cs.format != 0:
		cs.timestamp += cs.delta
	case there:
		cs.timestamp = value
	case cs.delta < steadyDelta:
		// Section 5.3.1.2.4: behind format 0 the delta is that header's timestamp.
		// FFmpeg relies on it for a stream's second message. A large one cannot be
		// meant: such encoders repeat a timestamp.
		cs.timestamp += cs.delta
	}
	return r.open(cs)
}

// open checks the message that begins against the limits.
func (r *Reader) open(cs *chunkStream) error {
	if int(cs.length) > r.limits.Message {
		return fmt.Errorf("rtmp: message of %d bytes; at most %d are allowed here", cs.length, r.limits.Message)
	}
	cs.open = true
	cs.payload, r.spare = r.spare, nil
	return nil
}

// body reads the chunk's share of the payload.
func (r *Reader) body(cs *chunkStream) error {
	n := min(int(cs.length)-len(cs.payload), int(r.chunkSize))
	if r.held+n > r.limits.Held {
		return fmt.Errorf("rtmp: unfinished messages of more than %d bytes together", r.limits.Held)
	}
	for n > 0 {
		step := min(n, growth)
		have := len(cs.payload)
		if cap(cs.payload) < have+step { // twice as much, for what is copied to come to little
			cs.payload = slices.Grow(cs.payload, max(step, min(have, int(cs.length)-have)))
		}
		cs.payload = cs.payload[:have+step]
		if _, err := io.ReadFull(r.r, cs.payload[have:]); err != nil {
			return err
		}
		n -= step
		r.held += step
	}
	if len(cs.payload) == int(cs.length) {
		cs.open = false
		r.held -= len(cs.payload)
	}
	return nil
}

func (r *Reader) abandon(cs *chunkStream) {
	if cs.open {
		r.held -= len(cs.payload)
		cs.payload, cs.open = nil, false
	}
}

// obey carries out the two messages that concern the chunk layer itself.
func (r *Reader) obey(m Message) (consumed bool, err error) {
	if m.Type != typeSetChunkSize && m.Type != typeAbort {
		return false, nil
	}
	if len(m.Payload) < 4 {
		return false, fmt.Errorf("rtmp: control message of type %d has %d bytes instead of 4", m.Type, len(m.Payload))
	}
	v := binary.BigEndian.Uint32(m.Payload)
	if m.Type == typeAbort {
		if cs := r.streams[v]; cs != nil {
			r.abandon(cs)
		}
		return true, nil
	}
	if v == 0 || v > 1<<31-1 {
		return false, fmt.Errorf("rtmp: chunk size %d; allowed are 1 to 2147483647", v)
	}
	r.chunkSize = min(v, maxMessage)
	return true, nil
}

// noEOF turns an end of input inside a chunk into io.ErrUnexpectedEOF.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
