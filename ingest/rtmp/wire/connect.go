package wire

import (
	"fmt"

	"ladderd/ingest/rtmp/amf0"
)

// Connect is what a publisher's connect command says, Enhanced RTMP's additions
// included, which go-rtmp throws away.
type Connect struct {
	App          string // may hold a stream key: not to be logged
	TCURL        string // likewise
	FlashVersion string // names the encoder, more or less; at most 200 characters
	// FourCC lists the codecs that the publisher offers besides the old ones
	// (Enhanced RTMP v1, fourCcList), such as "avc1" or "hvc1".
	FourCC []string
	// VideoFourCC has the publisher's abilities by codec: 1 decode, 2 encode,
	// 4 forward (Enhanced RTMP v2, videoFourCcInfoMap).
	VideoFourCC map[string]int
	CapsEx      int // Enhanced RTMP v2, capsEx: bit 0 reconnect, 1 multitrack, 2 ModEx
}

func readConnect(o amf0.Object) Connect {
	c := Connect{App: o.String("app"), TCURL: o.String("tcUrl"), FlashVersion: fmt.Sprintf("%.200s", o.String("flashVer"))}
	list, _ := o.Get("fourCcList").([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			c.FourCC = append(c.FourCC, s)
		}
	}
	abilities, _ := o.Get("videoFourCcInfoMap").(amf0.Object)
	if len(abilities) > 0 {
		c.VideoFourCC = make(map[string]int, len(abilities))
	}
	for _, p := range abilities {
		if n, ok := p.Value.(float64); ok && n >= 0 && n < 256 {
			c.VideoFourCC[p.Key] = int(n)
		}
	}
	if n, ok := o.Number("capsEx"); ok && n >= 0 && n < 1<<31 {
		c.CapsEx = int(n)
	}
	return c
}

// object is what of it go-rtmp is told: it refuses a connect whose other members
// are not of the types that it expects, and has no use for any.
func (c Connect) object() amf0.Object {
	return amf0.Object{{Key: "app", Value: c.App}, {Key: "tcUrl", Value: c.TCURL}, {Key: "flashVer", Value: c.FlashVersion}}
}

// enhanced says that the publisher knows of Enhanced RTMP.
func (c Connect) enhanced() bool { return len(c.FourCC) > 0 || len(c.VideoFourCC) > 0 }

// accepted are the codecs that are taken by FourCC; it is the server's part of
// the answer to fourCcList.
var accepted = []any{"avc1", "mp4a"}

// amend corrects a reply of go-rtmp: false drops it.
func (c *Conn) amend(m Message) (Message, bool) {
	m.Timestamp = 0
	switch m.Type {
	case typeAck:
		return m, false // it counts bytes that the publisher never sent
	case typeCommandAMF0:
		values, err := amf0.Decode(m.Payload)
		if err == nil && len(values) == 4 && values[0] == "_result" {
			if info, ok := values[3].(amf0.Object); ok {
				return c.connected(values[1], info), true
			}
		}
	}
	return m, true
}

// connected is the answer to connect: with what go-rtmp's cannot carry, the
// object encoding and the codecs of Enhanced RTMP.
func (c *Conn) connected(transaction any, info amf0.Object) Message {
	properties := amf0.Object{
		{Key: "fmsVer", Value: "FMS/3,5,7,7009"}, // encoders look for a server that they know
		{Key: "capabilities", Value: 31},
		{Key: "mode", Value: 1},
	}
	if c.connect.enhanced() {
		properties = append(properties, amf0.Property{Key: "fourCcList", Value: accepted})
	}
	about := amf0.Object{
		{Key: "level", Value: info.String("level")}, {Key: "code", Value: info.String("code")},
		{Key: "description", Value: info.String("description")}, {Key: "objectEncoding", Value: 0},
	}
	id, _ := transaction.(float64)
	return command(0, "_result", id, properties, about)
}
