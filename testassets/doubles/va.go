package doubles

import (
	"path/filepath"
)

// VA is a pretended GPU with a VAAPI driver: libva and FFmpeg are the real ones, and the
// driver below them is va/, in C. A test can have it beside a Rig, each with processes of
// its own.
type VA struct {
	control *control
}

// VAGPU is what the GPU has. The zero value decodes, scales and encodes.
type VAGPU struct {
	NoEncoder, NoDecoder, NoScaler bool
	// LowPower says that CBR is to be had only at the entry point that libav calls low power.
	LowPower bool
	// OwnHeaders says that the driver takes no headers from the caller, and writes
	// parameter sets of its own with each IDR.
	OwnHeaders bool
	// Sessions is how many encoders it has in all processes together; zero is 64.
	Sessions int
}

// Where a VAAPI driver misbehaves. Their words are Hang, Crash, Fail, Lost and
// OutOfMemory.
const (
	VAOpen        Point = "va_open"         // starting the driver
	VAEncoderOpen Point = "va_encoder_open" // opening an encoder
	VAEncode      Point = "va_encode"       // giving it a picture
	VADecoderOpen Point = "va_decoder_open"
	VADecode      Point = "va_decode"
	VAScalerOpen  Point = "va_scaler_open"
	VAScale       Point = "va_scale"
)

// Fail has a VAAPI driver answer that the operation failed. Lost has it answer so to all that the
// process asks from then on.
const (
	Fail Word = "fail"
	Lost Word = "lost"
)

// vaCard is the GPU's number in the control folder, beyond those of a Rig's cards.
const vaCard = 16

// The driver's files, and the render node's.
const (
	vaDriver = "ladderdouble_drv_video.so"
	vaDRM    = "libva-drm.so.2"
	vaNode   = "renderD128"
)

// NewVA sets a GPU up. It fails the test where the doubles have not been built.
func NewVA(t Owner, gpu VAGPU) *VA {
	t.Helper()
	v := &VA{control: newControl(t, []string{vaDriver, vaDRM})}
	v.control.write(vaNode, "")
	v.control.add(vaCard, gpu.settings())
	return v
}

// Node is the path of its render node. It is no device, which none but libva-drm asks.
func (v *VA) Node() string { return filepath.Join(v.control.folder, vaNode) }

// Env is what a process's environment needs beside os.Environ, so that it finds the GPU.
func (v *VA) Env() []string {
	return []string{
		"LD_LIBRARY_PATH=" + v.control.libraries, "LIBVA_DRIVERS_PATH=" + v.control.libraries, "LIBVA_DRIVER_NAME=ladderdouble",
	}
}

// Misbehave has the GPU misbehave from now on, as well as it does already; a fault takes
// the place of an earlier one at the same point.
func (v *VA) Misbehave(f Fault) {
	v.control.t.Helper()
	v.control.misbehave(vaCard, f)
}

// Heal ends all misbehaviour. What hangs goes on hanging.
func (v *VA) Heal() {
	v.control.t.Helper()
	v.control.heal(vaCard)
}

// settings are what the GPU is. The driver's own defaults are a GPU that can do all.
func (g VAGPU) settings() settings {
	lacks := func(yes bool) string {
		if yes {
			return "0"
		}
		return ""
	}
	lines := settings{
		{"encoder", lacks(g.NoEncoder)}, {"decoder", lacks(g.NoDecoder)}, {"scaler", lacks(g.NoScaler)},
		{"cbr", lacks(g.LowPower)}, {"headers", lacks(g.OwnHeaders)}, {"sessions", g.Sessions},
	}
	if g.LowPower {
		lines = append(lines, setting{"low_power", 1})
	}
	return lines
}

// VAEvent is one thing that the driver was told, by VA's names where these say enough.
type VAEvent struct {
	Kind VAKind `json:"event"`
	PID  int    `json:"pid"`

	Width       int    `json:"width"` // an encoder's are whole macroblocks
	Height      int    `json:"height"`
	Profile     int    `json:"profile"`   // a VAProfile: 7 is High
	LowPower    bool   `json:"low_power"` // at that entry point
	RateControl string `json:"rate_control"`

	Bitrate  int `json:"bitrate"`   // bits per second
	Target   int `json:"target"`    // percentage of Bitrate
	VBV      int `json:"vbv"`       // bits
	RateNum  int `json:"rate_num"`  // frames per second
	RateDen  int `json:"rate_den"`  //
	IPPeriod int `json:"ip_period"` // 1 where there are no B-frames
	GOP      int `json:"gop"`       // pictures

	Type    string `json:"type"` // IDR, I, or B, which is refused
	Picture int    `json:"picture"`

	// Headers are SPS and PPS with start codes, in hexadecimal.
	Headers string `json:"bytes"`
}

// VAKind is what a VAEvent tells.
type VAKind string

// The kinds of events. A VASequence is told with an encoder's first IDR and when it
// changes; a VAPicture for each picture that is not P.
const (
	VAEncoder  VAKind = "va_encoder"
	VASequence VAKind = "va_sequence"
	VAPicture  VAKind = "va_picture"
	VAHeaders  VAKind = "va_headers" // with each IDR, those that the driver was given; its own once
	VADecoder  VAKind = "va_decoder"
	VAScaler   VAKind = "va_scaler"
	VAFilter   VAKind = "va_filter" // what leaves the size: a deinterlacer
)

// Recorded is what the driver was told so far, of one kind.
func (v *VA) Recorded(kind VAKind) (some []VAEvent) {
	v.control.t.Helper()
	all, err := recorded[VAEvent](v.control)
	if err != nil {
		v.control.t.Fatal(err)
	}
	for _, e := range all {
		if e.Kind == kind {
			some = append(some, e)
		}
	}
	return some
}
