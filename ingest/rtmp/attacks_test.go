package rtmp

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"ladderd/ingest/rtmp/amf0"
)

// chunks of a message of size bytes on chunk stream 3, of which payload comes.
func attackMessage(kind byte, size int, payload []byte) []byte {
	b := []byte{3, 0, 0, 0, byte(size >> 16), byte(size >> 8), byte(size), kind, 0, 0, 0, 0}
	for len(payload) > 128 {
		b = append(append(b, payload[:128]...), 0xc3)
		payload = payload[128:]
	}
	return append(b, payload...)
}

// attacks kill a bare go-rtmp v0.0.7 or swell it, before any authentication.
var attacks = []struct {
	name    string
	garbage uint64 // bytes that may be allocated in all, where it is many messages
	bytes   func() []byte
}{
	{"strict array of 2³¹−1 elements", 0, func() []byte {
		b := append(amf0.Append(nil, "connect", 1), "\x0a\x7f\xff\xff\xff"...)
		return attackMessage(typeCommand, len(b), b)
	}},
	{"objects nested millions deep", 0, func() []byte {
		b := append(amf0.Append(nil, "connect", 1), strings.Repeat("\x03\x00\x01a", 4_000_000)...)
		return attackMessage(typeCommand, len(b), b)
	}},
	{"objects nested thousands deep", 0, func() []byte {
		b := append(amf0.Append(nil, "connect", 1), strings.Repeat("\x03\x00\x01a", 16_000)...)
		return attackMessage(typeCommand, len(b), b)
	}},
	{"message of 16 MiB, partly sent", 0, func() []byte {
		return attackMessage(typeCommand, 1<<24-1, make([]byte, 8<<20))
	}},
	{"partial messages on all chunk streams", 0, func() []byte {
		var b []byte
		for id := range 60 {
			m := attackMessage(typeCommand, 60_000, make([]byte, 128))
			m[0] = byte(3 + id)
			b = append(b, m...)
		}
		return b
	}},
	{"tens of thousands of chunk streams", 0, func() []byte {
		var b []byte
		for id := range 65_000 {
			b = append(b, 1, byte(id), byte(id>>8), 0, 0, 0, 0, 0, 1, typeCommand, 0, 0, 0, 0, 'x')
		}
		return b
	}},
	{"long string of 4 GiB", 0, func() []byte {
		b := append(amf0.Append(nil, "connect", 1), "\x0c\xff\xff\xff\xff"...)
		return attackMessage(typeCommand, len(b), b)
	}},
	{"many small values", 0, func() []byte {
		b := append(amf0.Append(nil, "connect", 1), "\x0a\x00\x00\xf0\x00"+strings.Repeat("\x05", 0xf000)...)
		return attackMessage(typeCommand, len(b), b)
	}},
	{"thousands of message streams", 16 << 20, func() []byte {
		connect := amf0.Append(nil, "connect", 1, amf0.Object{})
		create := amf0.Append(nil, "createStream", 2, nil)
		b := attackMessage(typeCommand, len(connect), connect)
		return append(b, bytes.Repeat(attackMessage(typeCommand, len(create), create), 2000)...)
	}},
	{"pings, the answers unread", 64 << 20, func() []byte {
		return bytes.Repeat(attackMessage(4, 6, []byte("\x00\x06abcd")), 100_000)
	}},
	{"media before publish", 0, func() []byte {
		return bytes.Repeat(attackMessage(typeVideo, 50_000, make([]byte, 50_000)), 100)
	}},
}

// An attack may cost what a connection costs and a few messages, whatever it
// sends; and others are served meanwhile.
func TestAttacksCostLittleMemory(t *testing.T) {
	const garbage = 3 << 20
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			s := start(t, Config{})
			attack := a.bytes()
			c := s.dial(t)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			_, _ = c.Write(attack) // may be cut off
			if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
			_, _ = io.Copy(io.Discard, c)
			runtime.GC()
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
				t.Errorf("%d bytes of heap are kept", grown)
			}
			if made := after.TotalAlloc - before.TotalAlloc; made > max(garbage, a.garbage) {
				t.Errorf("%d bytes were allocated", made)
			}
			s.dial(t).publish()
		})
	}
}

// While partial messages are held, what is held is bounded.
func TestHeldMessagesAreBoundedBeforePublish(t *testing.T) {
	s := start(t, Config{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const strangers = 20
	for range strangers {
		c := s.dial(t)
		if _, err := c.Write(attackMessage(typeCommand, 64<<10, make([]byte, 468*128))); err != nil {
			t.Fatal(err)
		}
		// The answer to a ping shows that all of it has been read.
		ping := attackMessage(4, 6, []byte("\x00\x06abcd"))
		ping[0] = 2
		if _, err := c.Write(ping); err != nil {
			t.Fatal(err)
		}
		if m, err := c.reader.Next(); err != nil || m.Type != 4 {
			t.Fatalf("%+v, %v", m, err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / strangers; each > 400<<10 {
		t.Errorf("a stranger holds %d bytes", each)
	}
}

// Connections that begin and do not go on, more than may wait, leave room for a
// publisher and take little memory.
func TestHandshakeFloodKeepsNobodyOut(t *testing.T) {
	const most, flood = 64, 600
	config := Config{MaxWaiting: most}
	tests := []struct {
		name  string
		start func(*testing.T, Config) testServer
		begin string
		dial  func(s testServer, t *testing.T) *client
	}{
		{"RTMP", start, "\x03\x00\x00", testServer.dial},
		{"RTMPS", startTLS, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", testServer.dialTLS},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := c.start(t, config)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for range flood {
				nc, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = nc.Close() })
				_, _ = io.WriteString(nc, c.begin) // may be closed already
			}
			c.dial(s, t).publish()
			runtime.GC()
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
				t.Errorf("%d bytes of heap are held", grown)
			}
			if n := strings.Count(s.log.String(), "too many are open"); n != 1 {
				t.Errorf("told %d times", n)
			}
		})
	}
}
