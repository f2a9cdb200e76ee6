package publish

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/abema/go-mp4"
	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// Sent tells when a tag has been handed to the network.
type Sent struct {
	Tag Tag
	At  time.Time
}

// Paced publishes tags when they are due, from one goroutine, the
// caller's: sent, which may be nil, hears of each. It returns nil when all have
// been sent, the server's words where the server ends the broadcast, or the
// context's error. to is an rtmp or rtmps URL whose path ends in the stream key.
//
// connected, which may be nil, is called with the time of the connection's first
// byte once the server takes the broadcast.
func Paced(ctx context.Context, to string, tags []Tag, connected func(time.Time), sent func(Sent)) error {
	// The library wants the stream key as a fragment.
	at := strings.LastIndexByte(to, '/')
	u, err := url.Parse(to[:at] + "#" + to[at+1:])
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	began := time.Now()
	// Servers under test have certificates that nobody signed.
	c := &gortmplib.Client{URL: u, Publish: true, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
	if err := c.Initialize(ctx); err != nil {
		return fmt.Errorf("publish to %s: %w", u.Host, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		cancel(listen(c))
	}()
	defer func() {
		c.Close() // unblocks listen
		<-listening
	}()
	if connected != nil {
		connected(began)
	}
	return pace(ctx, c, tags, sent)
}

// listen reads what the server says until it ends the broadcast or the
// connection.
func listen(c *gortmplib.Client) error {
	for {
		m, err := c.Read()
		if err != nil {
			return fmt.Errorf("the server closed the connection: %w", err)
		}
		if cmd, ok := m.(*message.CommandAMF0); ok && cmd.Name == "onStatus" {
			return fmt.Errorf("the server ended the broadcast: %v", cmd.Arguments)
		}
	}
}

func pace(ctx context.Context, c *gortmplib.Client, tags []Tag, sent func(Sent)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	begin := time.Now()
	for _, t := range tags {
		send, err := sender(c, t)
		if err != nil {
			return err
		}
		if send == nil {
			continue
		}
		timer.Reset(time.Until(begin.Add(time.Duration(t.Due) * time.Millisecond)))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		now := time.Now()
		if err := send(); err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return fmt.Errorf("send a tag of %d ms: %w", t.Time, err)
		}
		if sent != nil {
			sent(Sent{Tag: t, At: now})
		}
	}
	return nil
}

// sender is nil for tags that are not sent: empty ones, and the clip's onMetaData.
func sender(c *gortmplib.Client, t Tag) (send func() error, err error) {
	if t.Type == TagScript {
		if bytes.HasPrefix(t.Body, amfString([]byte{2}, "onMetaData")) {
			return nil, nil
		}
		return func() error { return sendScript(c.NetConn(), t) }, nil
	}
	m, err := toMessage(t)
	if m == nil || err != nil {
		return nil, err
	}
	return func() error { return c.Write(m) }, nil
}

// sendScript writes a data message to the connection itself, as one chunk on a chunk
// stream of its own: the library's data messages have no time.
func sendScript(conn io.Writer, t Tag) error {
	const chunkStream, chunkSize, longest = 7, 65536, 0xffffff // the library's chunk size, and the header's 24 bits
	n, at := len(t.Body), t.Time
	if n > chunkSize || at < 0 || at >= longest {
		return fmt.Errorf("script tag of %d bytes at %d ms: not supported", n, at)
	}
	chunk := []byte{
		chunkStream, byte(at >> 16), byte(at >> 8), byte(at), byte(n >> 16), byte(n >> 8), byte(n),
		TagScript, 1, 0, 0, 0, // message stream 1, the least significant byte first
	}
	_, err := conn.Write(append(chunk, t.Body...))
	return err
}

// toMessage is nil for tags that carry no media.
func toMessage(t Tag) (message.Message, error) {
	dts := time.Duration(t.Time) * time.Millisecond
	switch {
	case t.Type == TagVideo && len(t.Body) > 5:
		return videoMessage(dts, t)
	case t.Type == TagAudio && len(t.Body) > 2:
		return audioMessage(dts, t)
	}
	return nil, nil
}

func videoMessage(dts time.Duration, t Tag) (message.Message, error) {
	m := &message.Video{
		ChunkStreamID: message.VideoChunkStreamID, MessageStreamID: 1, DTS: dts,
		Codec: t.Body[0] & 0x0f, IsKeyFrame: t.Body[0]>>4 == 1, Type: message.VideoType(t.Body[1]),
	}
	payload := t.Body[5:]
	if !t.Config() {
		cts := int32(uint32(t.Body[2])<<24|uint32(t.Body[3])<<16|uint32(t.Body[4])<<8) >> 8
		m.PTSDelta, m.AU = time.Duration(cts)*time.Millisecond, payload
		return m, nil
	}
	m.AVCConfig = &mp4.AVCDecoderConfiguration{}
	m.AVCConfig.SetType(mp4.BoxTypeAvcC())
	_, err := mp4.Unmarshal(bytes.NewReader(payload), uint64(len(payload)), m.AVCConfig, mp4.Context{})
	if err != nil {
		return nil, fmt.Errorf("clip's decoder configuration: %w", err)
	}
	return m, nil
}

func audioMessage(dts time.Duration, t Tag) (message.Message, error) {
	m := &message.Audio{
		ChunkStreamID: message.AudioChunkStreamID, MessageStreamID: 1, DTS: dts,
		Codec: t.Body[0] >> 4, Rate: message.AudioRate(t.Body[0] >> 2 & 3),
		Depth: message.AudioDepth(t.Body[0] >> 1 & 1), IsStereo: t.Body[0]&1 == 1,
		AACType: message.AudioAACType(t.Body[1]),
	}
	if !t.Config() {
		m.AU = t.Body[2:]
		return m, nil
	}
	m.AACConfig = &mpeg4audio.AudioSpecificConfig{}
	if err := m.AACConfig.Unmarshal(t.Body[2:]); err != nil {
		return nil, fmt.Errorf("clip's audio configuration: %w", err)
	}
	return m, nil
}
