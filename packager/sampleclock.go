package packager

import "ladderd/media"

// sampleClock puts AAC frames on their own sample rate's clock. Frames lie end
// to end while their PTS agree to half a frame, so that rounded timestamps
// neither add up nor overlap; a greater distance is a real one and is kept.
type sampleClock struct {
	rate int
	next int64 // where the next frame begins, in samples; negative before the first
}

// laid is an AAC frame in its place.
type laid struct {
	at   int64 // in samples since the timeline's zero
	data []byte
}

// lay leaves out frames for which there is no time. All have the same parameters.
func (c *sampleClock) lay(audio []frame) []laid {
	out := make([]laid, 0, len(audio))
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
		}
		out = append(out, laid{at: at, data: f.Data})
		c.next = at + media.FrameSamples
	}
	return out
}

// ticks is a place among the samples on the stream's clock.
func (c *sampleClock) ticks(at int64) media.Ticks {
	return media.Ticks((at*media.Clock + int64(c.rate)/2) / int64(c.rate))
}
