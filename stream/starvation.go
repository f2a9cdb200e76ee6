package stream

import "fmt"

const (
	// starvingOver is over how many seconds the bits are held to what is expected.
	// Keyframes and a short gap are evened out in them.
	starvingOver = 4
	// silentOver is how many seconds without any data are starvation at once.
	silentOver = 2
	// fedOver is how many good seconds end a starvation.
	fedOver = 2
	// settledOver is after how many seconds a source that keeps pace with the clock,
	// though with fewer bits and frames than before, is taken for one that has
	// changed: a screen that is still now, an encoder that has found what its network
	// carries.
	settledOver = 60
	// history is how many seconds are remembered: longer than it takes to settle, so that
	// until then the ones before the starvation are known.
	history = settledOver + 3*starvingOver

	// lean is the share of the expected bits, or of real time, below which a source
	// starves; few that of the frames; fed that of either from which on it does not.
	lean, few, fed = 0.5, 2. / 3, 0.8
)

// starvation tells whether a publisher sends what is to be expected of it: "if IVS
// does not get the expected amount of bits on ingest that the encoding device
// advertised it would send over a certain timeframe" (guide, line 9350).
//
// It looks at whole seconds as they were counted, never at the clock: a process that
// was not let run for some seconds must not take them for the publisher's. A source
// starves
//
//   - when nothing at all has come for two seconds;
//   - when over four seconds its video went on by less than half of that: the bits for
//     the rest are late. This holds before anything is known of the source;
//   - when over four seconds fewer than half of the expected bits came and fewer of
//     the expected frames: an encoder that leaves frames out.
//
// Bits alone tell nothing: a still picture takes few, and so does an encoder that has
// lowered its bit rate, but all their frames come. What is expected is what the source
// itself has sent while it was well, and no more than it announced. The announced frame
// rate is not looked at: captures of screens announce 30 and send what changes. For the
// same reason the frames that are expected are those of the leanest seconds known, none
// are of a source that sends fewer than a camera, and one with long distances between
// frames may be silent for some of these.
type starvation struct {
	announced int // video, bits per second; 0 where nothing was
	seconds   [history]second
	known     int // how many of them have been, at most history
	next      int // where the next one goes
	starving  bool
	since     int    // seconds since it began
	why       string // it did
}

// second is one that has been counted.
type second struct {
	arrivals
	starved bool // nothing is to be learned from it
}

// expected is what should come in a second; zero where nothing is known yet.
type expected struct {
	bits   float64 // of video
	frames float64
	gap    float64 // seconds between frames
}

// take adds the second that has passed. It says whether starvation began or ended
// with it.
func (s *starvation) take(a arrivals) (changed bool) {
	if s.known == 0 && a.frames == 0 {
		return false // it has not begun to send
	}
	s.seconds[s.next] = second{a, s.starving}
	s.next = (s.next + 1) % history
	s.known = min(s.known+1, history)
	want := s.expect()
	why := ""
	if !s.starving {
		why = s.lacks(want)
	}
	switch {
	case why != "":
		s.begin(why)
	case s.starving && s.fed(want):
		s.starving = false
	case s.starving && s.settled(want):
		s.learn()
		s.starving = false
	default:
		s.since++
		return false
	}
	return true
}

// renewed forgets what was expected: another encoder sends now. What it lacks is
// seen when it has sent for some seconds.
func (s *starvation) renewed(announced int) {
	s.announced = announced
	for i := range s.seconds {
		s.seconds[i].starved = true
	}
}

// begin has nothing learned from the seconds in which it became clear.
func (s *starvation) begin(why string) {
	s.starving, s.since, s.why = true, 0, why
	for i := range min(starvingOver, s.known) {
		s.ago(i).starved = true
	}
}

// learn takes what the source sends now for what is expected of it.
func (s *starvation) learn() {
	for i := range s.known {
		s.ago(i).starved = false
	}
}

// ago is the second that many before the last one.
func (s *starvation) ago(n int) *second {
	return &s.seconds[(s.next-1-n+2*history)%history]
}

// last adds up the newest seconds.
func (s *starvation) last(n int) (sum arrivals) {
	for i := range min(n, s.known) {
		sum.add(s.ago(i).arrivals)
	}
	return sum
}

func (a *arrivals) add(b arrivals) {
	a.inputs += b.inputs
	a.video += b.video
	a.audio += b.audio
	a.message += b.message
	a.frames += b.frames
	a.media += b.media
}

// expect is learned from the seconds before those that are judged.
func (s *starvation) expect() expected {
	var sum arrivals
	leanest := -1.0
	learned, well := 0, 0 // seconds: in all, and neighbours of late
	for i := s.known - 1; i >= starvingOver; i-- {
		if s.ago(i).starved {
			well = 0
			continue
		}
		sum.add(s.ago(i).arrivals)
		learned++
		if well++; well < starvingOver {
			continue
		}
		if rate := s.frameRate(i); leanest < 0 || rate < leanest {
			leanest = rate
		}
	}
	if leanest < 0 {
		return expected{}
	}
	bits := float64(sum.video) / float64(learned)
	if s.announced > 0 {
		bits = min(bits, float64(s.announced))
	}
	return expected{bits: bits, frames: leanest, gap: float64(learned) / max(float64(sum.frames), 1)}
}

// frameRate is the frames per second of starvingOver seconds up to the one that many
// before the last.
func (s *starvation) frameRate(ago int) float64 {
	var sum arrivals
	for i := range starvingOver {
		sum.add(s.ago(ago + i).arrivals)
	}
	return float64(sum.frames) / starvingOver
}

// lacks says why a source which was well starves; nothing if it does not.
func (s *starvation) lacks(want expected) string {
	silent := max(silentOver, int(3*want.gap))
	if s.known >= silent && s.last(silent).inputs == 0 {
		return fmt.Sprintf("nothing came for %d s: the encoder has stopped, or its network has", silent)
	}
	if s.known < starvingOver {
		return ""
	}
	got := s.last(starvingOver)
	if passed := got.media.Seconds(); passed+want.gap < lean*starvingOver {
		return fmt.Sprintf("%.1f s of video came within %d s, at %s: the rest is late, as the network carries less than the encoder sends; set a lower bit rate",
			passed, starvingOver, got.bitrate(want))
	}
	if want.frames >= cameraLeast && float64(got.video) < lean*want.bits*starvingOver &&
		float64(got.frames) < few*want.frames*starvingOver {
		return fmt.Sprintf("%.1f frames a second came, of %.1f before, at %s: the encoder leaves frames out, as its CPU or its network is too slow; set a faster preset, or a lower bit rate",
			float64(got.frames)/starvingOver, want.frames, got.bitrate(want))
	}
	return ""
}

// bitrate is the video's over starvingOver seconds, for people.
func (a arrivals) bitrate(want expected) string {
	text := fmt.Sprintf("%.1f Mb/s", float64(a.video)/starvingOver/1e6)
	if want.bits > 0 {
		text += fmt.Sprintf(" of %.1f that are expected", want.bits/1e6)
	}
	return text
}

// fed says that a source which starved is well again.
func (s *starvation) fed(want expected) bool {
	if s.since+1 < fedOver {
		return false
	}
	got := s.last(fedOver)
	if got.frames == 0 || got.media.Seconds()+want.gap < fed*fedOver {
		return false
	}
	for i := range fedOver {
		one := s.ago(i)
		enough := float64(one.video) >= fed*want.bits || float64(one.frames) >= fed*want.frames-1
		if one.inputs == 0 && want.gap < 1 || !enough {
			return false
		}
	}
	return true
}

// settled says that a source has long kept pace with the clock, whatever it sends.
func (s *starvation) settled(want expected) bool {
	if s.since < settledOver || s.last(starvingOver).frames == 0 {
		return false
	}
	got := s.last(settledOver)
	return got.media.Seconds()+want.gap >= fed*settledOver
}
