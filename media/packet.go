package media

import "time"

// Kind tells video from audio.
type Kind uint8

const (
	Video Kind = iota + 1
	Audio
)

func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	}
	return "unknown"
}

// Packet is one access unit of video or one frame of audio.
type Packet struct {
	Kind Kind
	// PTS and DTS are equal for audio. On the way in they are on the source's
	// own clock; past the stream's timeline they are on the stream's.
	PTS, DTS Ticks
	// Key marks an IDR access unit. It is never set on audio.
	Key bool
	// Data is, for H.264, NAL units each behind a 4-byte big-endian length, with
	// neither parameter sets nor access unit delimiters; for AAC one raw_data_block
	// without ADTS.
	Data []byte
	// Video or Audio is set on the packet from which these parameters hold: the
	// first of its track, and each at which they change.
	Video *VideoParams
	Audio *AudioParams
	// Arrived is when the last byte came in from the publisher; zero where the
	// packet did not come from one.
	Arrived time.Time
	// Received is how many bytes came in for it, with the padding and the parameter sets
	// that are not in Data; 0 where that is not known.
	Received int
}
