package density

import (
	"errors"
	"slices"
	"sort"

	"ladderd/media"
)

// start is the PTS of a stream's first IDR, as package stream has it.
const start media.Ticks = media.Clock

// Clip is a broadcast that can be played round and round. Its packets are shared by all
// channels.
type Clip struct {
	Video *media.VideoParams
	Audio *media.AudioParams // nil where it is silent
	Rate  media.Rate

	// Times of both tracks count from the first IDR's PTS.
	video, audio []media.Packet
	length       media.Ticks   // of one round of the video
	lead         media.Ticks   // by which the first packet's DTS comes before that PTS
	shown, sent  []media.Ticks // of the pictures in the order of display: PTS, and DTS
}

// newClip takes what comes from the first IDR on. Audio has to be without gaps: it is played
// frame after frame, whatever its times are.
func newClip(packets []media.Packet) (*Clip, error) {
	c := &Clip{}
	var origin media.Ticks
	for _, p := range packets {
		if p.Video != nil && c.Video == nil {
			c.Video = p.Video
		}
		if p.Audio != nil && c.Audio == nil {
			c.Audio = p.Audio
		}
		p = media.Packet{Kind: p.Kind, PTS: p.PTS, DTS: p.DTS, Key: p.Key, Data: p.Data}
		switch {
		case p.Kind == media.Audio:
			c.audio = append(c.audio, p)
			continue
		case len(c.video) == 0 && !p.Key:
			continue
		case len(c.video) == 0:
			origin, c.lead = p.PTS, p.PTS-p.DTS
		}
		p.PTS, p.DTS = p.PTS-origin, p.DTS-origin
		c.video = append(c.video, p)
	}
	if c.Video == nil || len(c.video) < 2 {
		return nil, errors.New("no video that begins with an IDR")
	}
	if len(c.audio) == 0 {
		c.Audio = nil
	}
	c.index()
	return c, nil
}

// index learns the clip's frame rate, and when each picture is sent.
func (c *Clip) index() {
	order := slices.Clone(c.video)
	slices.SortFunc(order, func(a, b media.Packet) int { return int(a.PTS - b.PTS) })
	for _, p := range order {
		c.shown, c.sent = append(c.shown, p.PTS), append(c.sent, p.DTS)
	}
	span := c.shown[len(c.shown)-1] - c.shown[0]
	steps := media.Ticks(len(c.shown) - 1)
	c.length = span + (span+steps/2)/steps
	c.Rate = media.NominalRate(float64(steps) * media.Clock / float64(max(span, 1)))
}

// reel plays a clip once through after the other, without end.
type reel struct {
	*Clip
	pictures, frames int // played so far
}

// next is the packet that is sent next, on the stream's timeline.
func (r *reel) next() media.Packet {
	v := r.picture()
	if r.Audio != nil {
		if at := start + r.Audio.FrameTicks(int64(r.frames)); at <= v.DTS {
			p := r.audio[r.frames%len(r.audio)]
			p.PTS, p.DTS = at, at
			if r.frames == 0 {
				p.Audio = r.Audio
			}
			r.frames++
			return p
		}
	}
	if r.pictures == 0 {
		v.Video = r.Video
	}
	r.pictures++
	return v
}

func (r *reel) picture() media.Packet {
	p := r.video[r.pictures%len(r.video)]
	shift := start + media.Ticks(r.pictures/len(r.video))*r.length
	p.PTS, p.DTS = p.PTS+shift, p.DTS+shift
	return p
}

// due is how long after the channel's beginning a packet with this DTS is sent.
func (c *Clip) due(dts media.Ticks) media.Ticks { return dts - start + c.lead }

// dueShown is the same for the source's packet that is shown at pts: of a picture that is not
// in the clip, the one before it.
func (c *Clip) dueShown(kind media.Kind, pts media.Ticks) media.Ticks {
	if kind == media.Audio {
		return c.due(pts)
	}
	round, at := (pts-start)/c.length, (pts-start)%c.length
	if at < 0 {
		round, at = round-1, at+c.length
	}
	i := sort.Search(len(c.shown), func(i int) bool { return c.shown[i] > at }) - 1
	return c.due(start + round*c.length + c.sent[max(i, 0)])
}
