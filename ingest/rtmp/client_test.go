package rtmp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"ladderd/ingest/rtmp/amf0"
	"ladderd/ingest/rtmp/wire"
)

// Message types that the client sends and reads.
const (
	typeAudio   = 8
	typeVideo   = 9
	typeData    = 18
	typeCommand = 20
)

// client is a publisher that does what a test says, well or badly.
type client struct {
	net.Conn
	t      *testing.T
	reader *wire.Reader
	writer *wire.Writer
}

// shake makes a client of a connection: it shakes hands.
func shake(t *testing.T, nc net.Conn) *client {
	t.Helper()
	_ = nc.SetDeadline(time.Now().Add(patience))
	input := bufio.NewReader(nc)
	greeting := make([]byte, 1+1536)
	greeting[0] = 3
	reply := make([]byte, 1+2*1536)
	if _, err := nc.Write(greeting); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(input, reply); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write(reply[1:1537]); err != nil {
		t.Fatal(err)
	}
	limits := wire.Limits{ChunkStreams: 32, Message: 1 << 16, Held: 1 << 16}
	return &client{nc, t, wire.NewReader(input, limits), wire.NewWriter(nc)}
}

func (s testServer) dial(t *testing.T) *client {
	t.Helper()
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return shake(t, nc)
}

func (c *client) send(m wire.Message) {
	c.t.Helper()
	if err := c.writer.Write(m); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) command(streamID uint32, values ...any) {
	c.t.Helper()
	c.send(wire.Message{Type: typeCommand, ChunkStream: 3, StreamID: streamID, Payload: amf0.Append(nil, values...)})
}

func (c *client) video(timestamp uint32, body string) {
	c.t.Helper()
	c.send(wire.Message{Type: typeVideo, ChunkStream: 6, StreamID: 1, Timestamp: timestamp, Payload: []byte(body)})
}

func (c *client) audio(timestamp uint32, body string) {
	c.t.Helper()
	c.send(wire.Message{Type: typeAudio, ChunkStream: 4, StreamID: 1, Timestamp: timestamp, Payload: []byte(body)})
}

// next is the next command message, as text.
func (c *client) next() (string, error) {
	for {
		m, err := c.reader.Next()
		if err != nil {
			return "", err
		}
		if m.Type != typeCommand {
			continue
		}
		values, err := amf0.Decode(m.Payload)
		return fmt.Sprint(values...), err
	}
}

// expect reads until a command message has all of parts.
func (c *client) expect(parts ...string) {
	c.t.Helper()
	var seen []string
	for {
		text, err := c.next()
		if err != nil {
			c.t.Fatalf("%q did not come but %v, after %q", parts, err, seen)
		}
		seen = append(seen, text)
		missing := false
		for _, p := range parts {
			missing = missing || !strings.Contains(text, p)
		}
		if !missing {
			return
		}
	}
}

// expectEnd reads until the server has closed the connection.
func (c *client) expectEnd() {
	c.t.Helper()
	for {
		if text, err := c.next(); err == io.EOF {
			return
		} else if err != nil {
			c.t.Fatalf("the connection ends with %v", err)
		} else if strings.Contains(text, "onStatus") {
			c.t.Errorf("another last word: %s", text)
		}
	}
}

// connect goes as far as a stream to publish on.
func (c *client) connect(app string) {
	c.t.Helper()
	c.command(0, "connect", 1, amf0.Object{{Key: "app", Value: app}, {Key: "flashVer", Value: "FMLE/3.0"}, {Key: "tcUrl", Value: "rtmp://localhost/" + app}})
	c.expect("_result", "NetConnection.Connect.Success")
	c.command(0, "releaseStream", 2, nil, "key")
	c.expect("_result")
	c.command(0, "FCPublish", 3, nil, "key")
	c.expect("onFCPublish")
	c.command(0, "createStream", 4, nil)
	c.expect("_result")
}

// publish goes live.
func (c *client) publish() {
	c.t.Helper()
	c.connect("app")
	c.command(1, "publish", 5, nil, testKey, "live")
	c.expect("onStatus", "NetStream.Publish.Start")
}
