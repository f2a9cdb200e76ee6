package pipeline

import (
	"log/slog"

	"ladderd/media"
)

// Message is what travels between the daemon and a worker: Job or Trial, Input, Shed and
// Drain on the way down; Ready, Output, Finding, Progress, Log and Failed on the way up.
type Message interface{ tag() tag }

// Input is a packet of the source. Its parameters, where it carries any, may
// repeat those that hold already: that is no change.
type Input struct{ Packet media.Packet }

// Drain is the daemon's last message: the worker puts out what its decoders and
// encoders still hold and exits with ExitDone.
type Drain struct{}

// Shed changes which outputs are not encoded (Job.Shed), from the next grid point on.
type Shed struct{ Outputs []int }

// Ready says that every encoder of the job is open, which they may be only with
// the first picture.
type Ready struct {
	// Encoders names what encodes, one entry per video output and then one per
	// audio output, for logs and stream health ("libx264 852x480").
	Encoders []string
}

// Progress is the worker's heartbeat. It comes at least every HeartbeatPeriod
// from the moment the worker has its job, and does not wait for an encoder.
// Figures are counted from the worker's start.
type Progress struct {
	PacketsIn     int64   // source packets taken, video and audio
	FramesDecoded int64   // pictures that left the video decoder, put out or not
	FramesOut     []int64 // packets put out, per Job.Videos
	Queued        []int   // pictures that wait for each encoder, per Job.Videos
	// Shed is what is not encoded at present (Job.Shed).
	Shed []int
	// Device says what decodes, scales and encodes, and where, in words. It may change: a
	// device leaves to the CPU what it turns out not to decode.
	Device string
}

// Log is a line of the worker's log.
type Log struct {
	Level slog.Level // slog.LevelDebug to slog.LevelError
	Text  string
}

// Failed is the worker's last message where it cannot go on: why, in words that
// an operator understands, and what is to be done. The worker then exits with
// the same code.
type Failed struct {
	Reason string
	Code   ExitCode
}

// ExitCode is a worker's exit status: a contract about what to do next. Any
// other status, and any signal, means ExitRetryHere.
type ExitCode int

const (
	// ExitDone follows Drain: all has been put out.
	ExitDone ExitCode = 0
	// ExitRetryHere says that another worker with the same job may do better.
	ExitRetryHere ExitCode = 10
	// ExitRetryElsewhere says that what the job may use has failed: another
	// device or another backend may do better (Options.Elsewhere), this one will not.
	ExitRetryElsewhere ExitCode = 11
	// ExitGiveUp says that no worker can do this job: its input is at fault.
	ExitGiveUp ExitCode = 12
)

func (Job) tag() tag      { return tagJob }
func (Input) tag() tag    { return tagInput }
func (Drain) tag() tag    { return tagDrain }
func (Shed) tag() tag     { return tagShed }
func (Ready) tag() tag    { return tagReady }
func (Output) tag() tag   { return tagOutput }
func (Progress) tag() tag { return tagProgress }
func (Log) tag() tag      { return tagLog }
func (Failed) tag() tag   { return tagFailed }
