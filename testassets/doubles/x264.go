package doubles

import (
	"path/filepath"
	"testing"
)

// X264 is libx264 that fails when it is told to: a library that is loaded before it takes
// the calls below and hands them on to the real one.
type X264 struct {
	control *control
}

// Where x264 misbehaves. Its words are Hang, Crash, Fail, and none with a Delay. After
// counts the pictures of a process.
const (
	X264Open   Point = "x264_open"   // opening an encoder: Fail is what it answers too where memory is refused
	X264Encode Point = "x264_encode" // giving it a picture
)

// x264Card is its number in the control folder.
const x264Card = 17

const x264Library = "libladderdx264.so"

// NewX264 sets one up. It fails the test where the doubles have not been built.
func NewX264(t testing.TB) *X264 {
	t.Helper()
	x := &X264{control: newControl(t, []string{x264Library})}
	x.control.add(x264Card, nil)
	return x
}

// Env is what a process's environment needs beside os.Environ, so that its x264 is this.
func (x *X264) Env() []string {
	return []string{"LD_PRELOAD=" + filepath.Join(x.control.libraries, x264Library)}
}

// Misbehave has x264 misbehave from now on, in all processes, as well as it does already; a
// fault takes the place of an earlier one at the same point.
func (x *X264) Misbehave(f Fault) {
	x.control.t.Helper()
	x.control.misbehave(x264Card, f)
}

// Heal ends all misbehaviour. What hangs goes on hanging.
func (x *X264) Heal() {
	x.control.t.Helper()
	x.control.heal(x264Card)
}

// X264Opening is an encoder that a process wanted.
type X264Opening struct {
	PID     int  `json:"pid"`
	Width   int  `json:"width"`
	Height  int  `json:"height"`
	Refused bool `json:"refused"`
}

// Openings are all so far, in order.
func (x *X264) Openings() (opened []X264Opening) {
	x.control.t.Helper()
	type event struct {
		Kind string `json:"event"`
		X264Opening
	}
	all, err := recorded[event](x.control)
	if err != nil {
		x.control.t.Fatal(err)
	}
	for _, e := range all {
		if e.Kind == string(X264Open) {
			opened = append(opened, e.X264Opening)
		}
	}
	return opened
}
