package metrics

import "time"

// round is one second's measuring. The store's lock is held.
type round struct {
	*Collector
	now time.Time
	at  int64 // the second

	live, views      int
	health           map[string]int // streams, by theirs
	input, delivered time.Duration
	anyDelivered     bool
}

// stream measures one that is on the air.
func (r *round) stream(s Stream) {
	in := r.intake(s)
	fresh := in.take(s)
	if !s.Live {
		return
	}
	r.live++
	r.views += s.Views
	r.health[s.Health]++
	g := r.gauges(s.Channel)
	g.put(views, r.at, float64(s.Views))
	r.inputTime(g, in, s.Total.Media)
	if in.rate == nil || !fresh && r.now.Sub(s.At) > stale {
		return
	}
	g.put(bitrate, r.at, in.rate.bits)
	g.put(videoBitrate, r.at, in.rate.video)
	g.put(audioBitrate, r.at, in.rate.audio)
	g.put(framerate, r.at, in.rate.frames)
	if s.KeyframeInterval > 0 && in.rate.frames > 0 {
		g.put(keyframes, r.at, s.KeyframeInterval.Seconds())
	}
}

func (r *round) intake(s Stream) *intake {
	in := r.streams[s.ID]
	if in == nil {
		in = &intake{at: s.At, total: s.Total}
		r.streams[s.ID] = in
	}
	return in
}

// take notes what a stream has counted; false where that is nothing new.
func (in *intake) take(s Stream) bool {
	passed := s.At.Sub(in.at).Seconds()
	if passed <= 0 {
		return false
	}
	if !in.at.IsZero() {
		per := func(now, was int64) float64 { return float64(now-was) / passed }
		in.rate = &rate{
			bits: per(s.Total.Bits, in.total.Bits), video: per(s.Total.VideoBits, in.total.VideoBits),
			audio: per(s.Total.AudioBits, in.total.AudioBits), frames: per(s.Total.Frames, in.total.Frames),
		}
	}
	in.at, in.total = s.At, s.Total
	return true
}

// inputTime counts what has come since it was counted last.
func (r *round) inputTime(g *gauges, in *intake, total time.Duration) {
	more := total.Truncate(time.Microsecond) - in.counted // exact in the store's steps
	in.counted += more
	r.input += more
	g.put(inputTime, r.at, more.Seconds())
}

// end counts the rest of a stream that is over. Of one that nobody could play there is nothing.
func (r *round) end(s Stream) {
	in := r.intake(s)
	delete(r.streams, s.ID)
	if s.Live {
		r.inputTime(r.gauges(s.Channel), in, s.Total.Media)
	}
}

// deliveries counts what channels' viewers were sent. What goes out after a stream's end counts
// as well; where none is live and nothing goes out there is no data.
func (r *round) deliveries(list []Delivered) {
	was := r.Collector.delivered
	now := make(map[string]time.Duration, len(list))
	for _, d := range list {
		total := d.Media.Truncate(time.Microsecond)
		now[d.Channel] = total
		more := total - was[d.Channel]
		if more < 0 {
			more = total
		}
		if more > 0 {
			r.deliver(d.Channel, more)
		}
	}
	r.Collector.delivered = now
	for _, g := range r.channels {
		if g.viewed == r.at && g.sent != r.at { // live, and nobody was sent anything
			g.put(deliveredTime, r.at, 0)
		}
	}
}

func (r *round) deliver(channel string, more time.Duration) {
	r.anyDelivered = true
	r.delivered += more
	g := r.gauges(channel)
	g.sent = r.at
	g.put(deliveredTime, r.at, more.Seconds())
}

// sum measures the account.
func (r *round) sum() {
	if r.live > 0 {
		r.account.put(streams, r.at, float64(r.live))
		r.account.put(views, r.at, float64(r.views))
		for health, n := range r.health {
			r.account.putHealth(health, r.at, float64(n))
		}
	}
	if r.live > 0 || r.input > 0 {
		r.account.put(inputTime, r.at, r.input.Seconds())
	}
	if r.live > 0 || r.anyDelivered {
		r.account.put(deliveredTime, r.at, r.delivered.Seconds())
	}
}
