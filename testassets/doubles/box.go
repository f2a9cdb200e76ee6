package doubles

import (
	"fmt"
	"strings"
	"time"
)

// Box is what a machine pretends to have.
type Box struct {
	Cards []Card
	// Driver is the driver's version, such as "550.54.14", which is also the default.
	Driver string
	// NVENC is the newest version of the encoder's interface that the driver knows, as
	// 10 × major + minor: FFmpeg 7.1 needs 121. Zero is the version of FFmpeg's headers.
	NVENC int
	// Management is what NVML says when it is opened: DriverNotLoaded, VersionMismatch, or
	// nothing of the kind.
	Management Word
	// Without are libraries that the box does not have: NoDriver, or some of them.
	Without []Library
}

// Library is a part of the driver.
type Library string

// The driver's libraries that have a double.
const (
	CUDA    Library = "libcuda.so.1"
	Encoder Library = "libnvidia-encode.so.1"
	NVML    Library = "libnvidia-ml.so.1"
	Decoder Library = "libnvcuvid.so.1"
)

// NoDriver leaves all of the driver out.
var NoDriver = []Library{CUDA, Encoder, NVML, Decoder}

// Card is a pretended GPU.
type Card struct {
	// Name and UUID default to "NVIDIA Double", and to a UUID of the card's number.
	Name, UUID string
	Memory     int // MiB; zero is 8192
	// Compute is the compute capability × 10; zero is 86.
	Compute int
	// Sessions is how many encoders the card has in all processes together; zero is 64.
	Sessions int
	// Capped is what the driver says to one more: OutOfMemory, which is the default, or
	// IncompatibleClientKey.
	Capped Word
	// MinWidth and MinHeight are the smallest pictures that are encoded; zero is 145 × 49.
	MinWidth, MinHeight int
	// MaxSize is the largest width and height; zero is 4096.
	MaxSize int
	// NoDecoder has NVDEC decode nothing.
	NoDecoder bool
	// Temperature is in °C, Power in watts, and the loads are percentages. The driver does
	// not tell those that are 0.
	Temperature, Power             int
	Load, EncoderLoad, DecoderLoad int
	MemoryUsed                     int // MiB
}

// Fault is how a card misbehaves at one point of its driver.
type Fault struct {
	At Point
	// Word is what happens: a code that the driver returns, Hang or Crash. Empty leaves
	// only the Delay.
	Word Word
	// After is how many pictures of a session are encoded before it happens.
	After int
	// Delay is added to each call, from the first on.
	Delay time.Duration
	// PID is the process to which it happens; 0 is all.
	PID int
}

// Point is where a driver misbehaves.
type Point string

// The points.
const (
	Init        Point = "init"        // cuInit: Hang, Crash
	Context     Point = "context"     // making a CUDA context: Hang, Crash, OutOfMemory
	Kernels     Point = "kernels"     // loading what scales: Hang, Crash, Generic (it does not run this driver's code)
	Open        Point = "open"        // opening an encoder session
	Initialize  Point = "initialize"  // setting the encoder up
	Reconfigure Point = "reconfigure" // changing its rate
	Encode      Point = "encode"      // giving it a picture
	Lock        Point = "lock"        // fetching what was encoded
	Flush       Point = "flush"       // telling the end
	MakeDecoder Point = "decoder"     // making an NVDEC decoder: Hang, Crash, OutOfMemory, Generic
	Decode      Point = "decode"      // giving it a picture: likewise
	Map         Point = "map"         // fetching what was decoded: likewise
	Management  Point = "nvml"        // any NVML call on the card: Hang, Crash
)

// Word is what a driver does or answers.
type Word string

// The words. Those below Crash are NVENC's codes, the last two NVML's.
const (
	Hang                  Word = "hang"
	Crash                 Word = "crash"
	OutOfMemory           Word = "out_of_memory"
	IncompatibleClientKey Word = "incompatible_client_key"
	NoEncodeDevice        Word = "no_encode_device"
	UnsupportedDevice     Word = "unsupported_device"
	DeviceNotExist        Word = "device_not_exist"
	InvalidParam          Word = "invalid_param"
	UnsupportedParam      Word = "unsupported_param"
	EncoderBusy           Word = "encoder_busy"
	Generic               Word = "generic"
	DriverNotLoaded       Word = "driver_not_loaded"
	VersionMismatch       Word = "version_mismatch" // the driver was updated, and the machine not rebooted
)

// driver is the file that says what the whole box is.
func (b Box) driver() string {
	lines := settings{{"cards", len(b.Cards)}, {"version", b.Driver}, {"nvenc", b.NVENC}, {"nvml", string(b.Management)}}
	return lines.String()
}

// settings are what the card is.
func (c Card) settings() settings {
	lines := settings{
		{"name", c.Name}, {"uuid", c.UUID}, {"memory_mb", c.Memory}, {"compute", c.Compute},
		{"sessions", c.Sessions}, {"capped", string(c.Capped)},
		{"width_min", c.MinWidth}, {"height_min", c.MinHeight}, {"size_max", c.MaxSize},
		{"temperature", c.Temperature}, {"power_w", c.Power}, {"memory_used_mb", c.MemoryUsed},
		{"load", c.Load}, {"encoder_load", c.EncoderLoad}, {"decoder_load", c.DecoderLoad},
	}
	if c.NoDecoder {
		lines = append(lines, setting{"no_decoder", 1})
	}
	return lines
}

// setting is a line of a file; those with a zero value are left out.
type setting struct {
	key   string
	value any
}

type settings []setting

func (all settings) String() string {
	var b strings.Builder
	for _, s := range all {
		if s.value != "" && s.value != 0 {
			fmt.Fprintf(&b, "%s=%v\n", s.key, s.value)
		}
	}
	return b.String()
}
