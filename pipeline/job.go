package pipeline

import (
	"slices"

	"ladderd/media"
)

// Job is all that a worker is told: what comes in, what goes out, and what it
// may use. It travels as JSON in the first message.
type Job struct {
	Stream string // the stream's id, for logs
	Video  media.VideoParams
	Audio  *media.AudioParams // nil where no audio is transcoded
	Rate   media.Rate         // the source's frame rate, as far as it is known
	Grid   Grid
	// Backend is what makes the renditions.
	Backend Backend
	// Interlaced says what is to be done with a source whose pictures are fields.
	Interlaced Interlaced
	Videos     []VideoOutput
	Audios     []AudioOutput
	// Shed are the indexes into Videos of those that are not encoded: each is put out as a
	// copy of the next smaller one that is.
	Shed []int
	// After is the PTS that has been put out already by the worker before this
	// one: no video is emitted up to it, and it begins at the first grid point past
	// it. Sound is made from the first packet on. Negative in a stream's first worker.
	After media.Ticks
}

// Follows is the output that a shed one is a copy of: the largest of those that are smaller and
// encoded.
func Follows(videos []VideoOutput, shed []int, output int) (follows int, found bool) {
	size := func(i int) int { return videos[i].Width * videos[i].Height }
	for i := range videos {
		smaller := size(i) < size(output) || size(i) == size(output) && i > output
		if smaller && !slices.Contains(shed, i) && (!found || size(i) > size(follows)) {
			follows, found = i, true
		}
	}
	return follows, found
}

// Grid is where all renditions have their IDRs.
type Grid struct {
	// Period is the distance of grid points; 0 where the source's own IDRs are
	// the grid, because a rendition passes the source through.
	Period media.Ticks
	// Origin is the first grid point.
	Origin media.Ticks
}

// Interlaced is what is done with an interlaced source.
type Interlaced string

// Deinterlace, which the empty value means too, makes one picture of each two fields;
// Refuse ends the stream with a reason.
const (
	Deinterlace Interlaced = "deinterlace"
	Refuse      Interlaced = "refuse"
)

// VideoOutput is one encoded rendition.
type VideoOutput struct {
	Width, Height int        // pixels
	Rate          media.Rate // frames per second, at most
	Bitrate       int        // bits per second: what content that needs it gets over any 2 s, within 10 %
}

// AudioOutput is one AAC-LC encoding of the source's audio; renditions with the
// same figure share it.
type AudioOutput struct {
	Bitrate int // bits per second
}

// Output is a packet that a worker made.
type Output struct {
	// Index is into Job.Videos or Job.Audios, by the packet's kind.
	Index  int
	Packet media.Packet
}
