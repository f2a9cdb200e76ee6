package wire

import "ladderd/ingest/rtmp/amf0"

// Status is the information object of an onStatus message of level "error"
// (section 7.2.2): encoders show its description, or else its code.
type Status struct {
	Code        string // such as "NetStream.Publish.BadName"
	Description string // in plain words
}

func (s Status) message(streamID uint32) Message {
	info := amf0.Object{{Key: "level", Value: "error"}, {Key: "code", Value: s.Code}, {Key: "description", Value: s.Description}}
	return command(streamID, "onStatus", 0, nil, info)
}

// command makes a command message in AMF0.
func command(streamID uint32, name string, transaction float64, args ...any) Message {
	payload := amf0.Append(amf0.Append(nil, name, transaction), args...)
	return Message{Type: typeCommandAMF0, ChunkStream: chunkStreamCommand, StreamID: streamID, Payload: payload}
}
