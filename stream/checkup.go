package stream

import (
	"fmt"
	"sort"

	"ladderd/media"
)

// Finding is one thing that is wrong with what a publisher sends, in words for
// whoever sets up the encoder.
type Finding struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// The codes of findings.
const (
	LongGOP       = "keyframe-interval"
	OpenGOP       = "open-gop"
	ClockJump     = "timestamp-jump"
	AudioMissing  = "audio-missing"
	AudioLate     = "audio-late"
	AudioIgnored  = "audio-unannounced"
	FramesMissing = "frames-missing"
	Interlaced    = "interlaced"
	Bitrate       = "bitrate"
	// IntervalIgnored is a keyframeInterval parameter that is not allowed.
	IntervalIgnored = "keyframe-interval-parameter"
)

const (
	// advisedGOP is the distance of keyframes above which the guide no longer
	// guarantees that each segment begins with one ("Reducing Latency").
	advisedGOP = 5 * media.Clock
	// framesGap is a distance of frames that a viewer sees as a stop.
	framesGap = media.Clock / 2
	// silenceNoted is how many frames of silence (about ½ s) are worth a word.
	silenceNoted = 24
)

// checkup watches a source for settings that hurt its viewers. Each finding is
// reported once and stays.
type checkup struct {
	found   map[string]Finding
	lastIDR media.Ticks
	lastDTS media.Ticks
	any     bool // an IDR has been seen
}

func newCheckup() *checkup { return &checkup{found: make(map[string]Finding)} }

// add notes a finding and returns it where it is news.
func (c *checkup) add(code, format string, args ...any) []Finding {
	if _, known := c.found[code]; known {
		return nil
	}
	f := Finding{Code: code, Text: fmt.Sprintf(format, args...)}
	c.found[code] = f
	return []Finding{f}
}

// video looks at a frame that has its place on the timeline, and returns what is
// news about the source.
func (c *checkup) video(p media.Packet) []Finding {
	var news []Finding
	note := func(code, format string, args ...any) { news = append(news, c.add(code, format, args...)...) }
	if p.Video != nil && p.Video.Interlaced {
		note(Interlaced, "the source is or may be interlaced: set the encoder to progressive")
	}
	if c.any && p.DTS-c.lastDTS > framesGap {
		note(FramesMissing, "no frame for %.1f s: the encoder drops frames (network or CPU too slow)", (p.DTS - c.lastDTS).Seconds())
	}
	if c.any && p.PTS-c.lastIDR > advisedGOP {
		note(LongGOP, "more than %.0f s without a keyframe (IDR): set the encoder's keyframe interval to 2 s, closed GOP", media.Ticks(advisedGOP).Seconds())
	}
	if !p.Key && media.RecoveryPoint(p.Data) {
		note(OpenGOP, "the encoder sends open GOPs (recovery points that are no IDR): players cannot join there; set closed GOP")
	}
	if p.Key {
		c.lastIDR, c.any = p.PTS, true
	}
	c.lastDTS = p.DTS
	return news
}

// audio looks at what the soundtrack had to mend.
func (c *checkup) audio(s *soundtrack) []Finding {
	var news []Finding
	if s.filled > silenceNoted {
		news = append(news, c.add(AudioMissing, "audio was missing and is silence there: it began late, or the encoder leaves it out")...)
	}
	if s.late > 0 {
		news = append(news, c.add(AudioLate, "audio came more than %.1f s after the video that it belongs to: check the encoder's interleaving", media.Ticks(soundLag).Seconds())...)
	}
	return news
}

// bitrate looks at what the encoder announced, in bits per second. Only what arrives is
// held to the channel type's limit (bitrateLimit), which may come later.
func (c *checkup) bitrate(announced, most int) []Finding {
	if announced <= most {
		return nil
	}
	return c.add(Bitrate, "the encoder announces %.1f Mb/s; this type of channel is for at most %.1f", float64(announced)/1e6, float64(most)/1e6)
}

// findings are all so far, by code.
func (c *checkup) findings() []Finding {
	list := make([]Finding, 0, len(c.found))
	for _, f := range c.found {
		list = append(list, f)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Code < list[j].Code })
	return list
}
