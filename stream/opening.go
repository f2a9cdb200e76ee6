package stream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
)

const (
	// rateFrames is over how many frames the frame rate is measured. It costs no
	// start-up time: they belong to the first part, which nobody can have before.
	rateFrames = 7
	// audioWait is how much video may pass before audio that the encoder announced,
	// or might have left unannounced, is no longer waited for.
	audioWait = media.Clock / 2
	// keyframeWait is how much media may pass without any IDR. The longest
	// supported distance of keyframes is 10 s.
	keyframeWait = 12 * media.Clock
	// restWait is how much media may pass after the first IDR until the stream
	// starts with what is known: the video may have stopped while audio goes on.
	restWait = 2 * media.Clock
	// openingPatience is how long a publisher may take until its stream starts, on
	// the wall clock: one whose timestamps stand still would hold its channel for
	// ever.
	openingPatience = 30 * time.Second
	// openingMost bounds what is held until the tracks are known, in bytes: more than
	// keyframeWait at the highest bit rate. The heap grows to twice what is held, and the
	// connection holds pictures too, of the 64 MB that it may take in all.
	openingMost = 16 << 20
	// heldSize is what a packet or message takes beside its bytes, in bytes, in slices
	// that grow. A flood of packets of one byte is bounded by that.
	heldSize = 256
)

var (
	errNoVideo    = errors.New("audio without video: audio-only input is not supported")
	errNoKeyframe = errors.New("no keyframe (IDR) within 12 s: set the encoder's keyframe interval to 2 s, closed GOP")
	errOverdue    = errors.New("no video to start with within 30 s")
	errOpening    = errors.New("too much data before the first keyframe")
)

// source is what an opening found out about a publisher's media.
type source struct {
	video *media.VideoParams
	audio *media.AudioParams // nil where there is none
	input ladder.Input
	idr   media.Packet // the first one, with the source's timestamps
}

// opening holds a publisher's first packets until its tracks and its frame rate
// are known, so that the ladder can be chosen.
type opening struct {
	meta   ingest.Metadata
	held   []media.Packet // audio, and video from the first IDR on
	idr    *media.Packet  // the first one
	bytes  int
	video  *media.VideoParams
	audio  *media.AudioParams
	frames []media.Ticks // DTS of the video frames held
	// messages are all that came before the stream's start.
	messages []ingest.Message
	first    [3]media.Ticks
	seen     [3]bool // first holds, by media.Kind
}

// add takes the next packet. It returns the source once that is known; release
// then hands over the packets held.
func (o *opening) add(p media.Packet) (*source, error) {
	if p.Audio != nil {
		if err := ladder.CheckAudio(p.Audio.SampleRate, p.Audio.Channels); err != nil {
			return nil, err
		}
	}
	o.learn(&p)
	if o.idr == nil && p.Kind == media.Video {
		return nil, o.overdue(p)
	}
	o.held = append(o.held, p)
	if o.bytes += sizeOfPacket(p); o.bytes > openingMost {
		return nil, errOpening
	}
	if o.idr == nil {
		return nil, o.overdue(p)
	}
	if p.Kind == media.Video {
		o.frames = append(o.frames, p.DTS)
	}
	if !o.complete() && p.DTS-o.idr.DTS < restWait {
		return nil, nil
	}
	return o.found(), nil
}

// hear keeps a message until the stream has a clock.
func (o *opening) hear(m ingest.Message) error {
	o.messages = append(o.messages, m)
	if o.bytes += sizeOfMessage(m); o.bytes > openingMost {
		return errOpening
	}
	return nil
}

func (o *opening) learn(p *media.Packet) {
	if p.Video != nil {
		o.video = p.Video
	}
	if p.Audio != nil {
		o.audio = p.Audio
	}
	if !o.seen[p.Kind] {
		o.seen[p.Kind], o.first[p.Kind] = true, p.DTS
	}
	if o.idr == nil && p.Key && o.video != nil {
		p.Video = o.video
		idr := *p
		o.idr = &idr
	}
}

// overdue says what is wrong with a publisher that has sent no IDR for too long.
func (o *opening) overdue(p media.Packet) error {
	if abs(p.DTS-o.first[p.Kind]) < keyframeWait {
		return nil
	}
	if !o.seen[media.Video] {
		return errNoVideo
	}
	return errNoKeyframe
}

func (o *opening) complete() bool {
	if len(o.frames) == 0 {
		return false
	}
	shown := o.frames[len(o.frames)-1] - o.frames[0]
	if o.audio == nil && shown < audioWait {
		return false
	}
	return len(o.frames) > rateFrames || shown >= audioWait
}

func (o *opening) found() *source {
	s := &source{video: o.idr.Video, audio: o.audio, idr: *o.idr}
	if s.audio == nil && o.meta.HasAudio {
		s.audio = announcedAudio(o.meta)
	}
	s.input = ladder.Input{
		Width: s.video.Width, Height: s.video.Height,
		Rate:  frameRate(o.frames, s.video.Rate, media.NominalRate(o.meta.FrameRate)),
		Audio: s.audio != nil,
	}
	return s
}

// release hands over the packets held, without the audio from before the first
// IDR.
func (o *opening) release() []media.Packet {
	held := slices.DeleteFunc(o.held, func(p media.Packet) bool {
		return p.Kind == media.Audio && p.PTS < o.idr.PTS
	})
	o.held = nil
	return held
}

// announcedAudio makes the track that an encoder promised; nil where it cannot
// be made of what it told.
func announcedAudio(m ingest.Metadata) *media.AudioParams {
	rate, channels := m.SampleRate, m.Channels
	if ladder.CheckAudio(rate, 2) != nil {
		rate = 48000 // not told, or such as will be refused when it comes
	}
	if channels < 1 || channels > 2 {
		channels = 2
	}
	a, err := media.NewAACLC(rate, channels)
	if err != nil {
		return nil
	}
	return a
}

func sizeOf(v *media.VideoParams) string { return fmt.Sprintf("%d×%d", v.Width, v.Height) }

// sizeOfPacket and sizeOfMessage are what an opening counts, in bytes.
func sizeOfPacket(p media.Packet) int    { return heldSize + len(p.Data) }
func sizeOfMessage(m ingest.Message) int { return heldSize + len(m.Captions) + len(m.Data) }
