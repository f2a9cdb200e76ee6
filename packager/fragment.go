package packager

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"ladderd/media"
)

// Track IDs, the same in every rendition.
const (
	videoTrack = 1
	audioTrack = 2
)

// initSection is what a player needs before the parts that follow: EXT-X-MAP.
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

func newInitSection(name string, v *media.VideoParams, a *media.AudioParams) (*initSection, error) {
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
	return &initSection{name: name, data: buf.Bytes(), video: v, audio: a}, nil
}

// fragmenter renders parts, one moof and mdat each.
type fragmenter struct {
	video    bool // the rendition has a video track
	sequence uint32
	samples  sampleClock
}

// render makes the part that begins at at. One in which no sample begins, while a
// picture stands and nothing sounds, has an empty track fragment, which says as much
// to players. It is nil where an audio rendition has nothing to say.
func (f *fragmenter) render(at media.Ticks, video []sample, audio []frame) ([]byte, error) {
	f.sequence++
	part := fmp4.Part{SequenceNumber: f.sequence}
	if len(video) > 0 {
		part.Tracks = append(part.Tracks, videoFragment(video))
	}
	if t := f.samples.fragment(audio); t != nil {
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

// sampleClock puts AAC frames on their own sample rate's clock. Frames lie end
// to end while their PTS agree to half a frame, so that rounded timestamps
// neither add up nor overlap; a greater distance is a real one and is kept.
type sampleClock struct {
	rate int
	next int64 // where the next frame begins, in samples
}

// fragment is nil where no frame is left. All frames have the same parameters.
func (c *sampleClock) fragment(audio []frame) *fmp4.PartTrack {
	t := &fmp4.PartTrack{ID: audioTrack}
	for _, f := range audio {
		if c.rate != f.params.SampleRate {
			*c = sampleClock{rate: f.params.SampleRate, next: -1}
		}
		at := (int64(f.PTS)*int64(c.rate) + media.Clock/2) / media.Clock
		switch ahead := at - c.next; {
		case c.next < 0:
		case ahead < -media.FrameSamples/2:
			continue // more audio than time: this frame would play over the last one
		case ahead <= media.FrameSamples/2:
			at = c.next
		case len(t.Samples) > 0:
			t.Samples[len(t.Samples)-1].Duration += uint32(ahead)
		}
		if len(t.Samples) == 0 {
			t.BaseTime = uint64(at)
		}
		t.Samples = append(t.Samples, &fmp4.Sample{Duration: media.FrameSamples, Payload: f.Data})
		c.next = at + media.FrameSamples
	}
	if len(t.Samples) == 0 {
		return nil
	}
	return t
}
