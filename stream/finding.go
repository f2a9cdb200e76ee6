package stream

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Finding is one thing that is wrong with what a publisher sends, or was, in words for
// whoever sets up the encoder.
type Finding struct {
	Code  string    `json:"code"`
	Text  string    `json:"text"` // as it was last seen
	Since time.Time `json:"since"`
	Over  time.Time `json:"over,omitzero"` // zero while it lasts; else when it was last seen
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
	FrameDrops    = "frame-drops"
	Interlaced    = "interlaced"
	Bitrate       = "bitrate"
	BitrateSpikes = "bitrate-spikes"
	Starvation    = "starvation"
	PacketLoss    = "packet-loss"
	PacketsResent = "packets-resent"
	// IntervalIgnored is a keyframeInterval parameter that is not allowed.
	IntervalIgnored = "keyframe-interval-parameter"
)

const (
	// quiet is for how long a finding is not seen until it is over: what comes and goes
	// within it is one finding, which is told once.
	quiet = 30 * time.Second
	// pastMost is how many findings that are over are kept. The log has them all.
	pastMost = 20
)

// quietOf has the findings for which quiet is not right; with 0 they last until they are
// said to be over.
var quietOf = map[string]time.Duration{
	Interlaced: 0, Bitrate: 0, IntervalIgnored: 0, Starvation: 0,
	BitrateSpikes: 2 * time.Minute, // three in that time are found
}

// diary keeps what was found.
type diary struct {
	now     func() time.Time
	lasting map[string]*lasting
	past    []Finding // those that are over, by when they were seen to be; at most pastMost
}

// lasting is a finding that is not over.
type lasting struct {
	Finding
	seen time.Time // the last time
}

func newDiary() diary { return diary{now: time.Now, lasting: make(map[string]*lasting)} }

// see notes what is found now. It returns the finding where it is news.
func (d *diary) see(code, format string, args ...any) []Finding {
	now, text := d.now(), fmt.Sprintf(format, args...)
	if known := d.lasting[code]; known != nil {
		known.seen, known.Text = now, text
		return nil
	}
	f := Finding{Code: code, Text: text, Since: now}
	d.lasting[code] = &lasting{f, now}
	return []Finding{f}
}

// again says that a finding has been seen, as it was. It tells whether it lasts.
func (d *diary) again(code string) bool {
	known := d.lasting[code]
	if known != nil {
		known.seen = d.now()
	}
	return known != nil
}

// lasts says that a finding is not over.
func (d *diary) lasts(code string) bool { return d.lasting[code] != nil }

// end notes that what may have been found is over now, and returns it if it was.
func (d *diary) end(code string) []Finding { return d.close(code, d.now()) }

func (d *diary) close(code string, at time.Time) []Finding {
	l := d.lasting[code]
	if l == nil {
		return nil
	}
	delete(d.lasting, code)
	l.Over = at
	if len(d.past) == pastMost {
		d.past = slices.Delete(d.past, 0, 1)
	}
	d.past = append(d.past, l.Finding)
	return []Finding{l.Finding}
}

// sweep ends what has not been seen for long enough.
func (d *diary) sweep() (over []Finding) {
	now := d.now()
	for code, l := range d.lasting {
		most, own := quietOf[code]
		if !own {
			most = quiet
		}
		if most > 0 && now.Sub(l.seen) > most {
			over = append(over, d.close(code, l.seen)...)
		}
	}
	return over
}

// leave ends what was found of a publisher that is no more the stream's. Starvation is
// the stream's: it ends when enough comes again.
func (d *diary) leave() (over []Finding) {
	for code := range d.lasting {
		if code != Starvation {
			over = append(over, d.end(code)...)
		}
	}
	return over
}

// findings are those that last, by code, and then those that are over, the latest first.
func (d *diary) findings() []Finding {
	list := make([]Finding, 0, len(d.lasting)+len(d.past))
	for _, l := range d.lasting {
		list = append(list, l.Finding)
	}
	slices.SortFunc(list, func(a, b Finding) int { return cmp.Compare(a.Code, b.Code) })
	for _, f := range slices.Backward(d.past) {
		list = append(list, f)
	}
	return list
}
