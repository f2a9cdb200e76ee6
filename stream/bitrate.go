package stream

import (
	"fmt"
	"time"

	"ladderd/ladder"
	"ladderd/media"
)

const (
	// overshoot is by how much rate controls miss what they are set to, and clocks
	// run fast, in the long run: hardware encoders by a few hundredths.
	overshoot = 1.05
	// rateDepth is for how many seconds' worth of bits an encoder may be ahead of its
	// bit rate: an encoder that is set to exactly the limit sends that in any T
	// seconds, and its VBV besides, which is a second or two. ffmpeg as the guide has it
	// set up (line 9271: 6 Mb/s, no VBV) keeps no bit rate: where a complex scene follows
	// an easy one it was 3.4 seconds' worth above 8.5 Mb/s.
	rateDepth = 4
	// clockLead is how much more media time than time may have passed: an encoder's
	// first burst. It keeps a source whose clock runs twice as fast from sending
	// twice the bits.
	clockLead = 10 * media.Clock
	// probing is how long after its beginning a stream is held to no less than
	// STANDARD's limit. Broadcasters' tests of their network publish for some seconds
	// at up to that (guide, line 3240), whatever the channel's type.
	probing = 20 * time.Second
)

// bitrateError ends a stream that exceeds its channel's bit rate.
type bitrateError struct {
	kind     ladder.Type
	limit    int // bits per second
	measured int // likewise
}

func (e *bitrateError) Error() string {
	return fmt.Sprintf("the ingest bit rate of %.1f Mb/s exceeds the limit of %.1f Mb/s for this channel (%s): lower the encoder's bit rate",
		float64(e.measured)/1e6, float64(e.limit)/1e6, e.kind)
}

// bitrateLimit holds a publisher to the bit rate of its channel's type, audio and
// in-band data included: what it sends, whatever it announced.
//
// There are two buckets which the same bits fill. One is drained as time passes, the
// other as media time does, and both have to overflow: what a network held up comes
// late and all at once, but it is not too much for its media time; timestamps that
// make no sense are not too much for the time. Neither a large keyframe nor a few
// seconds above the limit fill a bucket.
//
// Audio has a share of its own beside the limit, the largest that the guide allows:
// who sets "8500 kb/s" in an encoder sets the video's.
type bitrateLimit struct {
	kind   ladder.Type
	limit  int       // bits per second; 0 until the picture's size is known
	began  time.Time // of the stream
	last   time.Time // the arrival before
	clock  mediaClock
	lead   media.Ticks // by how much media time is ahead of time
	byTime bucket
	byPTS  bucket // by media time
}

// bucket holds the bits that have come and not been drained.
type bucket struct {
	level float64
	// since and bits are what has passed and come since it was empty.
	since, bits float64 // seconds, bits
}

func newBitrateLimit(kind ladder.Type, began time.Time) bitrateLimit {
	return bitrateLimit{kind: kind, began: began, last: began}
}

// take counts bits that came at a time. video says whether they are a video
// packet's, with its DTS. The error says that it has become too much.
func (l *bitrateLimit) take(bits int, at time.Time, video bool, dts media.Ticks) error {
	passed := max(at.Sub(l.last), 0)
	l.last = l.last.Add(passed)
	drain := l.allowed()*overshoot + ladder.MaxAudioBitrate
	l.byTime.pass(passed.Seconds(), drain)
	l.lead -= media.FromDuration(passed)
	if video {
		step := min(l.clock.advance(dts), max(clockLead-l.lead, 0))
		l.lead += step
		l.byPTS.pass(step.Seconds(), drain)
	}
	l.byTime.add(bits)
	l.byPTS.add(bits)
	if full := rateDepth * l.allowed(); l.byTime.level <= full || l.byPTS.level <= full {
		return nil
	}
	limit := l.limit
	if limit == 0 {
		limit = int(l.allowed())
	}
	return &bitrateError{kind: l.kind, limit: limit, measured: int(min(l.byTime.rate(), l.byPTS.rate()))}
}

// allowed is the limit that holds now, in bits per second.
func (l *bitrateLimit) allowed() float64 {
	if l.limit == 0 || l.last.Sub(l.began) < probing {
		return float64(max(l.limit, ladder.MaxBitrate(ladder.Standard, ladder.Input{})))
	}
	return float64(l.limit)
}

func (b *bucket) add(bits int) {
	b.level += float64(bits)
	b.bits += float64(bits)
}

func (b *bucket) pass(seconds, drain float64) {
	b.level -= seconds * drain
	b.since += seconds
	if b.level <= 0 {
		*b = bucket{}
	}
}

// rate is the mean since the bucket was empty, in bits per second.
func (b *bucket) rate() float64 { return b.bits / max(b.since, 1) }
