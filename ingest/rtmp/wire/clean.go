package wire

import (
	"encoding/binary"
	"fmt"

	"ladderd/ingest/rtmp/amf0"
)

// minWindow is the smallest window of acknowledgement that a publisher can ask
// for, in bytes: one of 1 would have every chunk acknowledged.
const minWindow = 64 << 10

// User control events (section 7.1.7).
const (
	eventPing = 6
	eventPong = 7
)

// maxNoted is how many kinds of ignored messages one connection may have logged.
const maxNoted = 16

// clean takes one message from the publisher: it answers it, hands on to go-rtmp
// what go-rtmp is for, or drops it.
func (c *Conn) clean(m Message) error {
	if len(m.Payload) == 0 {
		return nil // allowed, and used by some as a keep-alive
	}
	switch m.Type {
	case typeAck, typePeerBandwidth:
		// The publisher's view of what this side sends, which is next to nothing.
	case typeUserControl:
		c.userControl(m)
	case typeWindowAckSize:
		if len(m.Payload) >= 4 {
			c.window = max(uint64(binary.BigEndian.Uint32(m.Payload)), minWindow)
		}
	case typeAudio, typeVideo:
		c.media(m)
	case typeDataAMF0, typeDataAMF3:
		c.data(m)
	case typeCommandAMF0, typeCommandAMF3:
		return c.command(m)
	case typeAggregate:
		return c.aggregate(m)
	default:
		c.note(fmt.Sprintf("message of type %d", m.Type))
	}
	return nil
}

func (c *Conn) userControl(m Message) {
	if len(m.Payload) < 6 || binary.BigEndian.Uint16(m.Payload) != eventPing {
		return
	}
	pong := append([]byte{0, eventPong}, m.Payload[2:6]...)
	c.send(Message{Type: typeUserControl, ChunkStream: chunkStreamControl, Payload: pong})
}

// media hands on audio and video. Their message stream is set to the published
// one: some encoders leave it 0.
func (c *Conn) media(m Message) {
	if !c.publishing {
		return
	}
	m.ChunkStream = chunkStreamAudio
	if m.Type == typeVideo {
		m.ChunkStream = chunkStreamVideo
	}
	m.StreamID = c.publishOn
	c.emit(m)
}

// data hands on data messages in the form that go-rtmp takes: with @setDataFrame
// before the name, and ECMA arrays as objects.
func (c *Conn) data(m Message) {
	if !c.publishing {
		return
	}
	values, err := readAMF(m)
	if len(values) > 0 && (values[0] == "@setDataFrame" || values[0] == "@clearDataFrame") {
		values = values[1:]
	}
	if len(values) == 0 {
		c.note(fmt.Sprintf("data message that cannot be read: %v", orElse(err, "it is empty")))
		return
	}
	name, ok := values[0].(string)
	switch {
	case !ok:
		c.note("data message without a name")
	case len(values) == 1 && err != nil:
		c.note(fmt.Sprintf("data message %.40q that cannot be read: %v", name, err))
	case len(values) == 1:
		// A cleared data frame, or one that says nothing.
	default:
		c.emit(Message{
			Type: typeDataAMF0, ChunkStream: chunkStreamData, StreamID: c.publishOn, Timestamp: m.Timestamp,
			Payload: amf0.Append(nil, append([]any{"@setDataFrame"}, values...)...),
		})
	}
}

// aggregate takes the messages out of one of type 22 (section 7.1.6): FLV tags,
// with timestamps that count from the first one's.
func (c *Conn) aggregate(m Message) error {
	const head, tail = 11, 4
	var first uint32
	for rest := m.Payload; len(rest) > 0; {
		if len(rest) < head {
			return fmt.Errorf("rtmp: aggregate message ends inside a header")
		}
		size := int(uint24(rest[1:]))
		time := uint24(rest[4:]) | uint32(rest[7])<<24
		if len(rest) < head+size {
			return fmt.Errorf("rtmp: aggregate message ends inside a message of %d bytes", size)
		}
		if len(rest) == len(m.Payload) {
			first = time
		}
		part := Message{Type: rest[0], StreamID: m.StreamID, Timestamp: m.Timestamp + time - first, Payload: rest[head : head+size]}
		if part.Type == typeAudio || part.Type == typeVideo || part.Type == typeDataAMF0 {
			if err := c.clean(part); err != nil {
				return err
			}
		}
		rest = rest[min(head+size+tail, len(rest)):]
	}
	return nil
}

// readAMF reads a command's or data message's values. It takes none that is longer
// than a command of a stranger, whoever sends it: to write it anew makes it up to
// twice as long, which must not outgrow a chunk.
func readAMF(m Message) ([]any, error) {
	if n := len(m.Payload); n > beforePublish.Message {
		return nil, fmt.Errorf("rtmp: command or metadata of %d bytes; at most %d are allowed", n, beforePublish.Message)
	}
	return amf0.Decode(plainAMF0(m))
}

// plainAMF0 is the payload without what AMF3's message types put before it: a
// byte that says that AMF0 follows. None that an encoder sends has AMF3 there.
func plainAMF0(m Message) []byte {
	if (m.Type == typeDataAMF3 || m.Type == typeCommandAMF3) && m.Payload[0] == 0 {
		return m.Payload[1:]
	}
	return m.Payload
}

// emit hands a message to go-rtmp.
func (c *Conn) emit(m Message) { c.out = appendMessage(c.out, m, maxMessage) }

// Note is note for callbacks.
func (c *Conn) Note(what string) { c.note(what) }

// note logs once per connection what is ignored.
func (c *Conn) note(what string) {
	if c.ignored[what] || len(c.ignored) >= maxNoted {
		return
	}
	c.ignored[what] = true
	c.log.Info("ignored from the publisher", "what", what)
}
