package pipeline

import (
	"fmt"
	"time"
)

// Trial has a worker do one thing with generated pictures, to find out whether a
// device really does it, and how fast. It stands where else the Job does; the worker
// answers with a Finding and ends. A driver that crashes or hangs costs that worker.
type Trial struct {
	Task Task
	// Backend names the device, and for Encode and Sessions the encoder.
	Backend Backend
	Codec   Codec // what is encoded; H264 elsewhere
	// Width and Height are the pictures' size, in pixels. Scale makes 2/3 of it.
	Width, Height int
	// For is how long to measure. At least a few pictures are done however short it is.
	For time.Duration
	// Most is how many encoders Sessions opens at most.
	Most int
}

// Task is what a Trial tries.
type Task string

// The tasks.
const (
	Decode   Task = "decode"
	Scale    Task = "scale"
	Encode   Task = "encode"
	Sessions Task = "sessions" // as many encoders as open at once, on one device
)

// Codec is a video codec.
type Codec string

// The codecs that are tried. Only H264 is put out and taken in as yet.
const (
	H264 Codec = "h264"
	HEVC Codec = "hevc"
	AV1  Codec = "av1"
)

// Finding is a Trial's result.
type Finding struct {
	Pictures int64         // that came out whole
	Elapsed  time.Duration // in which they did; opening is not in it
	CPU      time.Duration // that the worker's threads took in it, added up
	Sessions int           // encoders that were open at once
	// Spare says that x264 encoded in place of the backend's encoder, which does not take
	// pictures of that size: as in a ladder.
	Spare bool
	// Capped is the driver's reason for not opening one more than Sessions; empty where
	// Most were opened.
	Capped string
	// Failure is why it does not work, in libav's or the driver's words; empty where it does.
	Failure string
}

// PixelRate is how many of the trial's pixels a second were done; 0 where none were.
func (f Finding) PixelRate(t Trial) float64 {
	if f.Elapsed <= 0 {
		return 0
	}
	return float64(f.Pictures) * float64(t.Width) * float64(t.Height) / f.Elapsed.Seconds()
}

// PerCore is how many of the trial's pixels a core does in a second; 0 where none was busy.
func (f Finding) PerCore(t Trial) float64 {
	if f.CPU <= 0 {
		return 0
	}
	return float64(f.Pictures) * float64(t.Width) * float64(t.Height) / f.CPU.Seconds()
}

func (Trial) tag() tag   { return tagTrial }
func (Finding) tag() tag { return tagFinding }

func checkTrial(t Trial) error {
	if err := checkBackend(t.Backend); err != nil {
		return fmt.Errorf("trial: %w", err)
	}
	switch {
	case t.Task != Decode && t.Task != Scale && t.Task != Encode && t.Task != Sessions:
		return fmt.Errorf("trial of unknown task %q", t.Task)
	case t.Codec != H264 && t.Codec != HEVC && t.Codec != AV1:
		return fmt.Errorf("trial of unknown codec %q", t.Codec)
	case t.Task != Encode && t.Codec != H264:
		return fmt.Errorf("trial that is to %s %s: only encoders are tried with that", t.Task, t.Codec)
	case t.Width < 16 || t.Height < 16 || t.Width > 16384 || t.Height > 16384:
		return fmt.Errorf("trial with pictures of %d×%d pixels", t.Width, t.Height)
	case t.For < 0 || t.For > time.Minute:
		return fmt.Errorf("trial for %v", t.For)
	case t.Task == Sessions && (t.Most < 1 || t.Most > 256):
		return fmt.Errorf("trial of %d encoders", t.Most)
	}
	return nil
}
