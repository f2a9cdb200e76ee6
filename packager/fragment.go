package packager

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"ladderd/ladder"
	"ladderd/media"
)

// Track IDs, the same in every rendition.
const (
	videoTrack = 1
	audioTrack = 2
)

// fragmenter is fMP4's muxer: each part is a moof and an mdat.
type fragmenter struct {
	video    bool // the rendition has a video track
	sequence uint32
	samples  sampleClock
}

func newFragmenter(video bool) *fragmenter {
	return &fragmenter{video: video, samples: sampleClock{next: -1}}
}

// boxOverhead at 60 fps and three parts a second is about 17 kb/s.
func boxOverhead(ladder.Rendition) int64 { return 20_000 }

// section is muxer's.
func (f *fragmenter) section(number int, v *media.VideoParams, a *media.AudioParams) (*initSection, error) {
	var init fmp4.Init
	if v != nil {
		init.Tracks = append(init.Tracks, &fmp4.InitTrack{
			ID: videoTrack, TimeScale: media.Clock, Codec: &codecs.H264{SPS: v.SPS, PPS: v.PPS},
		})
	}
	if a != nil {
		var config mpeg4audio.AudioSpecificConfig
		if err := config.Unmarshal(a.Config); err != nil {
			return nil, fmt.Errorf("write init section: AAC configuration: %w", err)
		}
		init.Tracks = append(init.Tracks, &fmp4.InitTrack{
			ID: audioTrack, TimeScale: uint32(a.SampleRate), Codec: &codecs.MPEG4Audio{Config: config},
		})
	}
	var buf seekablebuffer.Buffer
	if err := init.Marshal(&buf); err != nil {
		return nil, fmt.Errorf("write init section: %w", err)
	}
	return &initSection{name: fmt.Sprintf("init%d.mp4", number), data: buf.Bytes(), video: v, audio: a}, nil
}

// render is muxer's. A part without samples has an empty track fragment, which says
// as much to players.
func (f *fragmenter) render(_ *initSection, at media.Ticks, video []sample, audio []frame) ([]byte, error) {
	f.sequence++
	part := fmp4.Part{SequenceNumber: f.sequence}
	if len(video) > 0 {
		part.Tracks = append(part.Tracks, videoFragment(video))
	}
	if t := audioFragment(f.samples.lay(audio)); t != nil {
		part.Tracks = append(part.Tracks, t)
	}
	if len(part.Tracks) == 0 {
		if !f.video {
			return nil, nil
		}
		part.Tracks = append(part.Tracks, &fmp4.PartTrack{ID: videoTrack, BaseTime: uint64(at)})
	}
	var buf seekablebuffer.Buffer
	buf.Grow(partSize(part))
	if err := part.Marshal(&buf); err != nil {
		return nil, fmt.Errorf("write part: %w", err)
	}
	return buf.Bytes(), nil
}

// partSize is enough for the part, and little more: a buffer that grew by itself
// would hold up to twice as much for as long as the part is kept.
func partSize(p fmp4.Part) int {
	const boxes, track, entry = 48, 80, 16 // moof, mfhd and mdat; traf to trun; a sample's in trun
	size := boxes
	for _, t := range p.Tracks {
		size += track + entry*len(t.Samples)
		for _, s := range t.Samples {
			size += len(s.Payload)
		}
	}
	return size
}

func videoFragment(video []sample) *fmp4.PartTrack {
	t := &fmp4.PartTrack{ID: videoTrack, BaseTime: uint64(video[0].DTS)}
	for _, s := range video {
		t.Samples = append(t.Samples, &fmp4.Sample{
			Duration:        uint32(s.dur),
			PTSOffset:       int32(s.PTS - s.DTS),
			IsNonSyncSample: !s.Key,
			Payload:         s.Data,
		})
	}
	return t
}

// audioFragment is nil where there is no frame.
func audioFragment(frames []laid) *fmp4.PartTrack {
	if len(frames) == 0 {
		return nil
	}
	t := &fmp4.PartTrack{ID: audioTrack, BaseTime: uint64(frames[0].at)}
	for i, f := range frames {
		dur := int64(media.FrameSamples)
		if i+1 < len(frames) {
			dur = frames[i+1].at - f.at
		}
		t.Samples = append(t.Samples, &fmp4.Sample{Duration: uint32(dur), Payload: f.data})
	}
	return t
}
