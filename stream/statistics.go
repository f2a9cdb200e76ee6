package stream

import (
	"math"
	"time"

	"ladderd/media"
)

// Statistics is what came from the publisher in the last second, by the time of its
// arrival: the guide's ingest metrics (lines 2350–2364), in their units. The bits are those
// of what the protocol carries, without its own.
type Statistics struct {
	At           time.Time `json:"at"`            // the end of that second
	Bitrate      int       `json:"bitrate"`       // bits per second: video, audio and in-band messages
	VideoBitrate int       `json:"video_bitrate"` // bits per second
	AudioBitrate int       `json:"audio_bitrate"` // bits per second
	FrameRate    float64   `json:"frame_rate"`    // frames per second
	// KeyframeInterval is the distance of the last two IDRs in seconds, as they are
	// shown; 0 until there have been two.
	KeyframeInterval float64 `json:"keyframe_interval"`
}

// Total is what came from a stream's publishers since its start, without what the protocols
// add, up to the end of the last second that was counted (Statistics.At). After the stream's
// end it is all of it.
type Total struct {
	VideoBits   int64   `json:"video_bits"`
	AudioBits   int64   `json:"audio_bits"`
	MessageBits int64   `json:"message_bits"` // in-band
	Frames      int64   `json:"frames"`
	Media       float64 `json:"media_seconds"` // how far the video's clock went on
}

// intervalMost is the longest distance of IDRs that is one, and no jump of the
// source's clock.
const intervalMost = 60 * media.Clock

// arrivals is what came within a second.
type arrivals struct {
	inputs  int // of any kind
	video   int // bits
	audio   int // bits
	message int // bits
	frames  int
	media   media.Ticks // how far the video's clock went on
}

// meter counts what comes, one second after another.
type meter struct {
	began    time.Time // of the second that is being counted
	now      arrivals
	all      arrivals // of the seconds before it
	clock    mediaClock
	idr      media.Ticks // PTS of the last one
	anyIDR   bool
	interval media.Ticks
}

// take counts an input. It allocates nothing.
func (m *meter) take(i input) {
	m.now.inputs++
	switch {
	case i.message != nil:
		m.now.message += i.bits()
	case i.packet.Kind == media.Audio:
		m.now.audio += i.bits()
	case i.packet.Kind == media.Video:
		m.now.video += i.bits()
		m.now.frames++
		m.now.media += m.clock.advance(i.packet.DTS)
		if i.packet.Key {
			m.keyframe(i.packet.PTS)
		}
	}
}

func (m *meter) keyframe(pts media.Ticks) {
	if since := pts - m.idr; m.anyIDR && since > 0 && since <= intervalMost {
		m.interval = since
	}
	m.idr, m.anyIDR = pts, true
}

// second ends the second that is being counted. Each input is in one of them, and
// rates are over the time that it really took.
func (m *meter) second(now time.Time) (arrivals, Statistics) {
	a, lasted := m.now, max(now.Sub(m.began).Seconds(), 0.001)
	m.began = now
	m.settle()
	perSecond := func(n int) float64 { return float64(n) / lasted }
	return a, Statistics{
		At:           now,
		Bitrate:      int(perSecond(a.video + a.audio + a.message)),
		VideoBitrate: int(perSecond(a.video)),
		AudioBitrate: int(perSecond(a.audio)),
		FrameRate:    math.Round(100*perSecond(a.frames)) / 100,

		KeyframeInterval: math.Round(1000*m.interval.Seconds()) / 1000,
	}
}

// settle adds to the total what has been counted of this second.
func (m *meter) settle() {
	m.all.add(m.now)
	m.now = arrivals{}
}

func (m *meter) total() Total {
	return Total{
		VideoBits: int64(m.all.video), AudioBits: int64(m.all.audio), MessageBits: int64(m.all.message),
		Frames: int64(m.all.frames), Media: m.all.media.Seconds(),
	}
}

// renewed says that another encoder sends from now on, by a clock of its own.
func (m *meter) renewed() { m.clock, m.anyIDR = mediaClock{}, false }

// mediaClock follows the DTS of one track.
type mediaClock struct {
	begun bool
	last  media.Ticks
}

// advance is how far dts is past the one before: 0 where the source's clock was
// set to another time (see timeline).
func (c *mediaClock) advance(dts media.Ticks) media.Ticks {
	step := dts - c.last
	if !c.begun || step < -jumpBack || step > jumpAhead {
		c.begun, c.last = true, dts
		return 0
	}
	c.last = max(c.last, dts)
	return max(step, 0)
}
