package wire

import (
	"errors"
	"fmt"

	"ladderd/ingest/rtmp/amf0"
)

// MaxStreams is how many message streams go-rtmp may make on a connection, the
// control stream included. Encoders use one, and a new one to publish again.
const MaxStreams = 8

// command reads a command and hands it on to go-rtmp, written anew with the
// arguments that go-rtmp reads, or answers it here, which go-rtmp would not.
func (c *Conn) command(m Message) error {
	values, err := readAMF(m)
	if len(values) == 0 {
		return fmt.Errorf("rtmp: command cannot be read: %w", orElse(err, "it is empty"))
	}
	name, ok := values[0].(string)
	if !ok {
		return errors.New("rtmp: command without a name")
	}
	transaction := 0.0
	if n, ok := argument(values, 1).(float64); ok && n >= 0 && n < 1<<32 {
		transaction = float64(uint32(n))
	}
	switch name {
	case "connect":
		about, ok := argument(values, 2).(amf0.Object)
		if !ok {
			return fmt.Errorf("rtmp: connect cannot be read: %w", orElse(err, "it has no command object"))
		}
		c.begin(about, transaction)
	case "createStream":
		c.emit(command(0, name, transaction, nil))
	case "publish":
		c.publish(m, values, transaction)
	case "play":
		c.emit(command(m.StreamID, name, transaction, nil, ""))
	case "deleteStream":
		if id, ok := argument(values, 3).(float64); ok && id >= 1 && id < MaxStreams {
			c.emit(command(0, name, transaction, nil, float64(uint32(id))))
		}
	case "closeStream":
		c.emit(command(m.StreamID, name, transaction, nil))
	case "FCUnpublish":
		c.answer(transaction, amf0.Undefined{})
		c.emit(command(0, name, transaction, nil, ""))
	default:
		c.aside(name, transaction)
	}
	return nil
}

// begin takes the first connect; there can be no second one (section 7.2.1.1).
func (c *Conn) begin(about amf0.Object, transaction float64) {
	if c.connect != nil {
		return
	}
	connect := readConnect(about)
	c.connect = &connect
	c.emit(command(0, "connect", transaction, connect.object()))
}

// aside answers the commands that mean nothing here but for which some encoders
// wait: FMLE's and its followers' (releaseStream, FCPublish), and Flash's.
func (c *Conn) aside(name string, transaction float64) {
	switch name {
	case "releaseStream", "_checkbw":
		c.answer(transaction, amf0.Undefined{})
	case "FCPublish":
		c.answer(transaction, amf0.Undefined{})
		c.send(command(0, "onFCPublish", 0, nil, amf0.Object{
			{Key: "level", Value: "status"}, {Key: "code", Value: "NetStream.Publish.Start"}, {Key: "description", Value: "FCPublish"},
		}))
	case "getStreamLength":
		c.answer(transaction, 0)
	case "_result", "_error", "onStatus":
	default:
		c.note(fmt.Sprintf("command %.40q", name))
	}
}

// publish keeps the message stream, on which all that follows is taken to be. A
// few encoders say 0 there, which is no stream to publish on.
func (c *Conn) publish(m Message, values []any, transaction float64) {
	name, _ := argument(values, 3).(string)
	if m.StreamID == 0 {
		m.StreamID = 1
	}
	c.mu.Lock()
	if !c.publishing {
		c.publishOn = m.StreamID
	}
	c.mu.Unlock()
	c.emit(command(m.StreamID, "publish", transaction, nil, name, "live"))
}

func (c *Conn) answer(transaction float64, value any) {
	if transaction > 0 {
		c.send(command(0, "_result", transaction, nil, value))
	}
}

func argument(values []any, i int) any {
	if i >= len(values) {
		return nil
	}
	return values[i]
}

func orElse(err error, text string) error {
	if err == nil {
		return errors.New(text)
	}
	return err
}
