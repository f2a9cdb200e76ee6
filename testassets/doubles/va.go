package doubles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ladderd/testassets/daemon"
)

// VA is a pretended GPU with a VAAPI driver: libva and FFmpeg are the real ones, and the
// driver below them is va/, in C. A test can have it beside a Rig, each with processes of
// its own.
type VA struct {
	t         testing.TB
	gpu       VAGPU
	faults    []Fault
	libraries string
	control   string
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

// Where a VAAPI driver misbehaves. Their words are Hang, Crash, Fail and Lost.
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

// The driver's files.
const (
	vaDriver = "ladderdouble_drv_video.so"
	vaDRM    = "libva-drm.so.2"
)

// NewVA sets a GPU up. It fails the test where the doubles have not been built.
func NewVA(t testing.TB, gpu VAGPU) *VA {
	t.Helper()
	root, err := daemon.Root()
	if err != nil {
		t.Fatal(err)
	}
	v := &VA{t: t, gpu: gpu}
	v.libraries, v.control = folders(t)
	for _, library := range []string{vaDriver, vaDRM} {
		built := filepath.Join(root, "bin", "doubles", library)
		if _, err := os.Stat(built); err != nil {
			t.Fatalf("%v: the doubles of drivers have not been built: run `make setup-test`", err)
		}
		if err := os.Symlink(built, filepath.Join(v.libraries, library)); err != nil {
			t.Fatal(err)
		}
	}
	v.write("renderD128", "")
	v.write(fmt.Sprintf("card%d", vaCard), v.settings())
	return v
}

// Node is the path of its render node. It is no device, which none but libva-drm asks.
func (v *VA) Node() string { return filepath.Join(v.control, "renderD128") }

// Env is what a process's environment needs beside os.Environ, so that it finds the GPU.
func (v *VA) Env() []string {
	return []string{
		"LD_LIBRARY_PATH=" + v.libraries, "LIBVA_DRIVERS_PATH=" + v.libraries, "LIBVA_DRIVER_NAME=ladderdouble",
	}
}

// Misbehave has the GPU misbehave from now on, besides what it does already.
func (v *VA) Misbehave(f Fault) {
	v.t.Helper()
	v.faults = append(v.faults, f)
	v.write(fmt.Sprintf("card%d", vaCard), v.settings())
}

// Heal ends all misbehaviour. What hangs goes on hanging.
func (v *VA) Heal() {
	v.t.Helper()
	v.faults = nil
	v.write(fmt.Sprintf("card%d", vaCard), v.settings())
}

// settings is the file that says what the GPU is and how it misbehaves.
func (v *VA) settings() string {
	var b bytes.Buffer
	has := func(key string, yes bool) {
		if !yes {
			fmt.Fprintf(&b, "%s=0\n", key)
		}
	}
	has("encoder", !v.gpu.NoEncoder)
	has("decoder", !v.gpu.NoDecoder)
	has("scaler", !v.gpu.NoScaler)
	has("cbr", !v.gpu.LowPower)
	has("headers", !v.gpu.OwnHeaders)
	if v.gpu.LowPower {
		b.WriteString("low_power=1\n")
	}
	if v.gpu.Sessions > 0 {
		fmt.Fprintf(&b, "sessions=%d\n", v.gpu.Sessions)
	}
	for _, f := range v.faults {
		fmt.Fprintf(&b, "%[1]s=%[2]s\n%[1]s_after=%[3]d\n%[1]s_delay_us=%[4]d\n", f.At, f.Word, f.After, f.Delay.Microseconds())
	}
	return b.String()
}

// write puts a file of the control folder in place at once.
func (v *VA) write(name, text string) {
	v.t.Helper()
	path := filepath.Join(v.control, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		v.t.Fatal(err)
	}
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
}

// VAKind is what a VAEvent tells.
type VAKind string

// The kinds of events. A VASequence is told with an encoder's first IDR and when it
// changes; a VAPicture for each picture that is not P.
const (
	VAEncoder  VAKind = "va_encoder"
	VASequence VAKind = "va_sequence"
	VAPicture  VAKind = "va_picture"
	VADecoder  VAKind = "va_decoder"
	VAScaler   VAKind = "va_scaler"
	VAFilter   VAKind = "va_filter" // what leaves the size: a deinterlacer
)

// Recorded is what the driver was told so far, of one kind.
func (v *VA) Recorded(kind VAKind) (some []VAEvent) {
	v.t.Helper()
	data, err := os.ReadFile(filepath.Join(v.control, "record.jsonl"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		v.t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var e VAEvent
		if err := json.Unmarshal(line, &e); err != nil {
			v.t.Fatalf("read the doubles' record: %q: %v", line, err)
		}
		if e.Kind == kind {
			some = append(some, e)
		}
	}
	return some
}
