package packager

import (
	"strconv"

	"ladderd/ladder"
	"ladderd/media"
)

// Container is what parts and segments are packed in. The values are the IVS
// API's (containerFormat).
type Container string

// The containers. Which is a stream's shows in its media's names, content types and
// bytes, and in EXT-X-MAP, which only FMP4 has; where segments and parts begin and
// what they hold is the same.
const (
	FMP4 Container = "FRAGMENTED_MP4"
	TS   Container = "TS"
)

// format is all that differs by container.
type format struct {
	extension string
	video     string // content type of parts and segments
	audio     string // the same in renditions without video
	// version is the least EXT-X-VERSION of a playlist without parts.
	version int
	// overhead is what packing adds to a rendition's tracks, in bits per second.
	overhead func(ladder.Rendition) int64
	// muxer makes what packs one rendition, with video or without.
	muxer func(video bool) muxer
}

// muxer packs one rendition's parts, one after the other. A segment is its parts'
// bytes joined.
type muxer interface {
	// section prepares for parts with these parameters, of which either may be nil.
	// number tells it from the rendition's other sections.
	section(number int, v *media.VideoParams, a *media.AudioParams) (*initSection, error)
	// render makes the part that begins at at and decodes under init. In it may
	// begin no sample, while a picture stands and nothing sounds: a player is to
	// take it all the same. It is nil where a rendition without video has nothing
	// to say. What the samples and frames hold may be kept, but not written to.
	render(init *initSection, at media.Ticks, video []sample, audio []frame) ([]byte, error)
}

var formats = map[Container]*format{
	FMP4: {
		extension: ".m4s", video: "video/mp4", audio: "audio/mp4",
		version:  6, // EXT-X-MAP (rfc8216bis, 8)
		overhead: boxOverhead,
		muxer:    func(video bool) muxer { return newFragmenter(video) },
	},
	TS: {
		extension: ".ts", video: "video/mp2t", audio: "video/mp2t",
		version:  3, // EXTINF with decimals (rfc8216bis, 8)
		overhead: tsOverhead,
		muxer:    func(video bool) muxer { return newTSMuxer(video) },
	},
}

// segmentName and partName are the last elements of the URIs.
func (f *format) segmentName(msn int64) string { return strconv.FormatInt(msn, 10) + f.extension }

func (f *format) partName(msn int64, index int) string {
	return strconv.FormatInt(msn, 10) + "." + strconv.Itoa(index) + f.extension
}

// initSection is what parts are to be decoded with. In fMP4 a player loads it
// before them, by EXT-X-MAP; in TS each part holds what it needs, and there is
// neither name nor data.
type initSection struct {
	name  string
	data  []byte
	video *media.VideoParams // nil where there is no such track
	audio *media.AudioParams
}

func (i *initSection) fits(v *media.VideoParams, a *media.AudioParams) bool {
	return i != nil && i.video.Same(v) && i.audio.Same(a)
}

// codecs is the CODECS attribute's value.
func (i *initSection) codecs() string {
	switch {
	case i.video == nil:
		return i.audio.Codec()
	case i.audio == nil:
		return i.video.Codec()
	}
	return i.video.Codec() + "," + i.audio.Codec()
}
