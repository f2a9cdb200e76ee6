package wire

// Message types (RTMP 1.0, sections 5.4, 6.2 and 7.1).
const (
	typeSetChunkSize  = 1
	typeAbort         = 2
	typeAck           = 3
	typeUserControl   = 4
	typeWindowAckSize = 5
	typePeerBandwidth = 6
	typeAudio         = 8
	typeVideo         = 9
	typeDataAMF3      = 15
	typeCommandAMF3   = 17
	typeDataAMF0      = 18
	typeCommandAMF0   = 20
	typeAggregate     = 22
)

// Chunk streams on which messages are written, to go-rtmp and to the publisher.
// Only 2 has a meaning in the protocol.
const (
	chunkStreamControl = 2
	chunkStreamCommand = 3
	chunkStreamAudio   = 4
	chunkStreamData    = 5
	chunkStreamVideo   = 6
)

// maxMessage is the longest message that a chunk header's 24 bits can tell of.
const maxMessage = 1<<24 - 1

// Message is one RTMP message, whatever chunks it came in.
type Message struct {
	Type        byte
	ChunkStream uint32
	StreamID    uint32
	Timestamp   uint32 // ms, wraps at 2³²
	Payload     []byte
}
