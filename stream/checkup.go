package stream

import (
	"ladderd/ingest"
	"ladderd/media"
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

// checkup watches a source for what hurts its viewers. Its methods return what is news:
// findings that have begun, and those that are over.
type checkup struct {
	diary
	lastIDR media.Ticks
	lastDTS media.Ticks
	any     bool // an IDR has been seen
	filled  int  // frames of silence and of late audio that have been told of
	late    int
	cadence cadence
	spikes  spikes
	link    linkWatch
}

func newCheckup() *checkup { return &checkup{diary: newDiary()} }

// renewed begins anew with another publisher, whose frames are one rate's period apart.
func (c *checkup) renewed() []Finding {
	c.any, c.cadence, c.spikes, c.link = false, cadence{}, spikes{}, linkWatch{}
	return c.leave()
}

// video looks at a frame that has its place on the timeline, of a source whose frames are
// to be period apart.
func (c *checkup) video(p media.Packet, period media.Ticks) []Finding {
	var news []Finding
	switch {
	case p.Video == nil:
	case p.Video.Interlaced:
		news = append(news, c.see(Interlaced, "the source is or may be interlaced: set the encoder to progressive")...)
	default:
		news = append(news, c.end(Interlaced)...)
	}
	if c.any && p.DTS-c.lastDTS > framesGap {
		news = append(news, c.see(FramesMissing, "no frame for %.1f s: the encoder drops frames (network or CPU too slow)", (p.DTS-c.lastDTS).Seconds())...)
	}
	if since := p.PTS - c.lastIDR; c.any && since > advisedGOP && (p.Key || !c.again(LongGOP)) {
		news = append(news, c.see(LongGOP, "%.1f s without a keyframe (IDR), which may be at most %.0f: set the encoder's keyframe interval to 2 s, closed GOP",
			since.Seconds(), media.Ticks(advisedGOP).Seconds())...)
	}
	if !p.Key && media.RecoveryPoint(p.Data) {
		news = append(news, c.see(OpenGOP, "the encoder sends open GOPs (recovery points that are no IDR): players cannot join there; set closed GOP")...)
	}
	if p.Key {
		c.lastIDR, c.any = p.PTS, true
	}
	c.lastDTS = p.DTS
	return append(news, c.frames(p, period)...)
}

// frames looks at how regularly frames come. What a network has lost is not the encoder's
// fault.
func (c *checkup) frames(p media.Packet, period media.Ticks) []Finding {
	seen, judged := c.cadence.take(p.DTS, len(p.Data), period)
	least := dropsFound
	if c.lasts(FrameDrops) {
		least = dropsLast
	}
	if !judged || seen.lost < least || c.lasts(PacketLoss) {
		return nil
	}
	return c.see(FrameDrops, "%.1f of %.1f frames a second come: the encoder leaves out %.0f %%, as its CPU (or GPU) or its network is too slow: "+
		"set a faster preset, a smaller picture, or a lower bit rate", seen.rate, seen.usual, 100*seen.lost)
}

// audio looks at what the soundtrack had to mend.
func (c *checkup) audio(s *soundtrack) []Finding {
	var news []Finding
	if s.filled-c.filled > silenceNoted {
		c.filled = s.filled
		news = append(news, c.see(AudioMissing, "audio was missing and is silence there: it began late, or the encoder leaves it out")...)
	}
	if s.late > c.late {
		c.late = s.late
		news = append(news, c.see(AudioLate, "audio came more than %.1f s after the video that it belongs to: check the encoder's interleaving", media.Ticks(soundLag).Seconds())...)
	}
	return news
}

// bitrate looks at what the encoder announced, in bits per second. Only what arrives is
// held to the channel type's limit (bitrateLimit), which may come later.
func (c *checkup) bitrate(announced, most int) []Finding {
	if announced <= most {
		return c.end(Bitrate)
	}
	return c.see(Bitrate, "the encoder announces %.1f Mb/s; this type of channel is for at most %.1f", float64(announced)/1e6, float64(most)/1e6)
}

// second looks at what came in a second: in counted it, and k is the publisher's
// connection, nil where nothing is known of it.
func (c *checkup) second(in *intake, k *ingest.Link) []Finding {
	var news []Finding
	switch s := &in.starvation; {
	case s.starving && !c.lasts(Starvation):
		news = c.see(Starvation, "%s", s.why)
	case !s.starving:
		news = c.end(Starvation)
	}
	if s, found := c.spikes.take(in.came, in.meter.interval, in.starvation.announced, in.limit.limit); found {
		news = append(news, c.see(BitrateSpikes, "%s", s)...)
	}
	if k != nil {
		news = append(news, c.network(*k)...)
	}
	return append(news, c.sweep()...)
}

// network looks at how the publisher's connection did.
func (c *checkup) network(k ingest.Link) (news []Finding) {
	now, lately := c.link.take(k)
	if now.Dropped > 0 || now.Damaged > 0 {
		news = c.see(PacketLoss, "%s", lossText(lately, k))
	}
	least := resentFound
	if c.lasts(PacketsResent) {
		least = resentLasts
	}
	if lately.Packets >= resentOf && float64(lately.Retransmitted) > least*float64(lately.Packets) {
		news = append(news, c.see(PacketsResent, "%s", resentText(lately, k))...)
	}
	return news
}
