package gpu

import (
	"time"

	"ladderd/pipeline"
)

// Proof is what one device was seen to do.
type Proof struct {
	Device  Device    `json:"device"`
	At      time.Time `json:"at"` // when it was tried; zero where nothing was
	Results []Result  `json:"results"`
}

// Result is what one trial found.
type Result struct {
	Task   pipeline.Task  `json:"task"`
	Codec  pipeline.Codec `json:"codec,omitempty"` // of Encode and Decode
	Width  int            `json:"width"`           // pixels
	Height int            `json:"height"`
	// OnDevice says that an encoder was fed from the device's memory, and not from the
	// machine's.
	OnDevice bool `json:"on_device,omitempty"`
	// Spare says that x264 encoded, since the device's encoder does not take this size.
	Spare bool `json:"by_x264,omitempty"`
	// PixelRate is pixels per second, of one worker that does nothing else; of Scale
	// those of the larger picture. 0 where it does not work, and for Sessions.
	PixelRate float64 `json:"pixels_per_second,omitempty"`
	// PerCore is pixels per second of CPU time: what the worker took of the CPU, whatever did
	// the work. One worker does not fill many cores, so it is more than PixelRate by core.
	PerCore float64 `json:"pixels_per_cpu_second,omitempty"`
	// Sessions is how many encoders were open at once. Capped is why there was not one
	// more; empty where no more were asked for.
	Sessions int    `json:"sessions,omitempty"`
	Capped   string `json:"capped,omitempty"`
	// Why is why it does not work, in an operator's words; empty where it does. Said is
	// what libav or the driver said, where that is something else.
	Why  string `json:"why,omitempty"`
	Said string `json:"said,omitempty"`
	// Passing is true of a failure, or of too few sessions, that may be gone the next time.
	Passing bool `json:"passing,omitempty"`
}

// Works says whether the trial did what it was to.
func (r Result) Works() bool { return r.Why == "" }

// Find is the first result that is like r in all that says what was tried; its Why is
// "not tried" where there is none.
func (p Proof) Find(r Result) Result {
	for _, found := range p.Results {
		if found.Task == r.Task && found.Codec == r.Codec && found.Width == r.Width && found.Height == r.Height && found.OnDevice == r.OnDevice {
			return found
		}
	}
	r.Why = notTried
	return r
}

// Best is the fastest result of a task and codec by the device itself, whatever its size;
// else one that says why there is none.
func (p Proof) Best(task pipeline.Task, codec pipeline.Codec) Result {
	best := Result{Task: task, Codec: codec, Why: notTried}
	for _, r := range p.Results {
		if r.Task != task || r.Codec != codec || r.Spare {
			continue
		}
		if best.Why == notTried || r.Works() && (!best.Works() || r.PixelRate > best.PixelRate) {
			best = r
		}
	}
	return best
}

// Sessions is what was found out of encoders at once.
func (p Proof) Sessions() Result { return p.Best(pipeline.Sessions, pipeline.H264) }

// Troubled says that the device lacks something that an operator may mend.
func (p Proof) Troubled() bool {
	chosen := p.Device.Problem == unseen || p.Device.Problem == withheld
	return p.Device.Problem != "" && !chosen || p.passing()
}

// passing says whether something that is missing may be there the next time.
func (p Proof) passing() bool {
	for _, r := range p.Results {
		if r.Passing {
			return true
		}
	}
	return false
}

const notTried = "not tried"
