package pipeline

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"ladderd/media"
)

// A message is its payload's length (32 bits, big-endian), its tag (8 bits) and
// its payload. Input and Output are binary, since they are the load; all else
// is JSON. Both ends are the same binary, so there is no version.
//
//	Input   packet
//	Output  index (16 bits), packet
//	packet  flags (8), PTS (64), DTS (64), [parameters' length (16), parameters (JSON),] data

// tag tells a message's type.
type tag uint8

const (
	tagJob tag = iota + 1
	tagInput
	tagDrain
	tagReady
	tagOutput
	tagProgress
	tagLog
	tagFailed
	tagTrial
	tagFinding
	tagShed
)

// Limits, so that a broken peer costs little: 16 MiB is several times the
// largest access unit of a level 5.2 stream.
const (
	maxPacket  = 16 << 20          // bytes
	maxData    = maxPacket - 1<<17 // bytes, which leaves room for what stands before it
	maxSets    = 40 << 10          // bytes of parameter sets, which in JSON fit into 16 bits of length
	maxJob     = 1 << 20           // bytes
	maxText    = 64 << 10          // bytes
	maxOutputs = 32                // per kind
	maxTicks   = 1 << 53           // 3,000 years
)

// codecs says for each tag how long its payload may be and how it is read.
var codecs = [...]struct {
	limit  uint32
	decode func([]byte) (Message, error)
}{
	tagJob:      {maxJob, decodeJob},
	tagInput:    {maxPacket, decodeInput},
	tagDrain:    {0, func([]byte) (Message, error) { return Drain{}, nil }},
	tagReady:    {maxText, decodeJSON[Ready]},
	tagOutput:   {maxPacket, decodeOutput},
	tagProgress: {maxText, decodeJSON[Progress]},
	tagLog:      {maxText, decodeLog},
	tagFailed:   {maxText, decodeJSON[Failed]},
	tagTrial:    {maxText, decodeTrial},
	tagFinding:  {maxText, decodeJSON[Finding]},
	tagShed:     {maxText, decodeJSON[Shed]},
}

const headerSize = 5

// readMessage reads one message. What it returns shares no memory with any
// other message. The error is io.EOF where the peer closed between two messages.
func readMessage(r io.Reader) (Message, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, err
	}
	n, t := binary.BigEndian.Uint32(h[:]), int(h[4])
	if t == 0 || t >= len(codecs) {
		return nil, fmt.Errorf("message of unknown type %d", t)
	}
	if n > codecs[t].limit {
		return nil, fmt.Errorf("message of type %d has %d bytes, at most %d are allowed", t, n, codecs[t].limit)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, fmt.Errorf("message of type %d is cut off: %w", t, noEOF(err))
	}
	m, err := codecs[t].decode(payload)
	if err != nil {
		return nil, fmt.Errorf("message of type %d: %w", t, err)
	}
	return m, nil
}

// noEOF keeps a cut message from looking like an orderly end.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// encode makes a message's two pieces, which are written one after the other.
// tail is the packet's own data, not a copy.
func encode(m Message) (head, tail []byte, err error) {
	head = make([]byte, headerSize, 64)
	switch m := m.(type) {
	case Input:
		head, err = appendPacket(head, m.Packet)
		tail = m.Packet.Data
	case Output:
		head = binary.BigEndian.AppendUint16(head, uint16(m.Index))
		head, err = appendPacket(head, m.Packet)
		tail = m.Packet.Data
	case Drain:
	default:
		tail, err = json.Marshal(m)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("encode %T: %w", m, err)
	}
	n := len(head) - headerSize + len(tail)
	if limit := codecs[m.tag()].limit; n > int(limit) {
		return nil, nil, fmt.Errorf("encode %T: %d bytes, at most %d are allowed", m, n, limit)
	}
	binary.BigEndian.PutUint32(head, uint32(n))
	head[4] = byte(m.tag())
	return head, tail, nil
}

// Flags of a packet: the kind in the low two bits, then these.
const (
	flagKind   = 3
	flagKey    = 4
	flagParams = 8
)

func appendPacket(b []byte, p media.Packet) ([]byte, error) {
	flags := byte(p.Kind) & flagKind
	if p.Key {
		flags |= flagKey
	}
	params, err := marshalParams(p)
	if err != nil {
		return nil, err
	}
	if params != nil {
		flags |= flagParams
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(p.PTS))
	b = binary.BigEndian.AppendUint64(b, uint64(p.DTS))
	if params != nil {
		b = binary.BigEndian.AppendUint16(b, uint16(len(params)))
		b = append(b, params...)
	}
	return b, nil
}

// marshalParams is nil where p carries no parameters.
func marshalParams(p media.Packet) (params []byte, err error) {
	switch {
	case p.Kind == media.Video && p.Video != nil:
		params, err = json.Marshal(p.Video)
	case p.Kind == media.Audio && p.Audio != nil:
		params, err = json.Marshal(p.Audio)
	}
	if err == nil && len(params) > 1<<16-1 {
		err = fmt.Errorf("%d bytes of %s parameters, at most 65535 are allowed", len(params), p.Kind)
	}
	return params, err
}

var errShort = errors.New("payload is too short")

func decodeInput(b []byte) (Message, error) {
	p, err := decodePacket(b)
	return Input{Packet: p}, err
}

func decodeOutput(b []byte) (Message, error) {
	if len(b) < 2 {
		return nil, errShort
	}
	p, err := decodePacket(b[2:])
	if err == nil && p.Kind == media.Video {
		err = checkAVCC(p.Data)
	}
	return Output{Index: int(binary.BigEndian.Uint16(b)), Packet: p}, err
}

func decodePacket(b []byte) (p media.Packet, err error) {
	if len(b) < 17 {
		return p, errShort
	}
	flags := b[0]
	p.Kind = media.Kind(flags & flagKind)
	p.Key = flags&flagKey != 0
	p.PTS = media.Ticks(binary.BigEndian.Uint64(b[1:]))
	p.DTS = media.Ticks(binary.BigEndian.Uint64(b[9:]))
	p.Data = b[17:]
	if flags > flagKind|flagKey|flagParams {
		return p, fmt.Errorf("unknown packet flags %#x", flags)
	}
	if flags&flagParams != 0 {
		if p, err = decodeParams(p); err != nil {
			return p, err
		}
	}
	return p, checkPacket(p)
}

// decodeParams takes the parameters off the front of p's data.
func decodeParams(p media.Packet) (media.Packet, error) {
	if len(p.Data) < 2 {
		return p, errShort
	}
	n := 2 + int(binary.BigEndian.Uint16(p.Data))
	if len(p.Data) < n {
		return p, errShort
	}
	text := p.Data[2:n]
	p.Data = p.Data[n:]
	if p.Kind == media.Audio {
		p.Audio = new(media.AudioParams)
		return p, json.Unmarshal(text, p.Audio)
	}
	p.Video = new(media.VideoParams)
	return p, json.Unmarshal(text, p.Video)
}

func decodeJSON[M Message](b []byte) (Message, error) {
	var m M
	err := json.Unmarshal(b, &m)
	return m, err
}

func decodeJob(b []byte) (Message, error) {
	var j Job
	if err := json.Unmarshal(b, &j); err != nil {
		return nil, err
	}
	return j, checkJob(j)
}

func decodeTrial(b []byte) (Message, error) {
	var t Trial
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, err
	}
	return t, checkTrial(t)
}

func decodeLog(b []byte) (Message, error) {
	var l Log
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, err
	}
	if l.Level < slog.LevelDebug || l.Level > slog.LevelError {
		return nil, fmt.Errorf("unknown log level %d", l.Level)
	}
	return l, nil
}
