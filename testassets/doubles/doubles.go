// Package doubles is a machine with NVIDIA cards that it does not have: doubles of the
// driver's libraries, in C, that FFmpeg and go-nvml load in place of the real ones. They
// keep device memory in main memory, scale by C code, encode with x264 and decode with
// libavcodec. What they show is that a program speaks to the driver as it should; never
// what hardware does.
//
//	Box ──► New ──► Rig.Env ──► ladderd, or any process, with LD_LIBRARY_PATH to the doubles
//	                Rig.Misbehave, Lose, Heal ──► control folder ──► doubles, at each call
//	                Rig.Record ◄── record.jsonl ◄── doubles: what the driver was given
//
//	control/  settings, record, session slots, which all doubles share
//	cuda/     libcuda.so.1           nvenc/    libnvidia-encode.so.1
//	nvml/     libnvidia-ml.so.1      nvcuvid/  libnvcuvid.so.1
//
// VA is a GPU with a VAAPI driver, likewise: its doubles are in va/ and vadrm/. X264 is no
// driver, but fails like one when told to: it stands before the real libx264, in x264/.
//
// They are built into bin/doubles by `make setup-test`. A process loads them only where
// its environment says so when it starts, so a test has to run another one.
package doubles

import (
	"fmt"
	"slices"
)

// Rig is a Box that processes can be run on.
type Rig struct {
	box     Box
	control *control
}

// New sets a box up. It fails the test where the doubles have not been built.
func New(t Owner, box Box) *Rig {
	t.Helper()
	var has []string
	for _, library := range NoDriver {
		if !slices.Contains(box.Without, library) {
			has = append(has, string(library))
		}
	}
	r := &Rig{box: box, control: newControl(t, has)}
	r.control.write("driver", box.driver())
	for i, c := range box.Cards {
		r.control.add(i, c.settings())
	}
	return r
}

// Env is what a process's environment needs beside os.Environ, so that it runs on the box.
func (r *Rig) Env() []string {
	return []string{"LD_LIBRARY_PATH=" + r.control.libraries}
}

// UUID is a card's, by which CUDA_VISIBLE_DEVICES selects it.
func (r *Rig) UUID(card int) string {
	if own := r.box.Cards[card].UUID; own != "" {
		return own
	}
	return fmt.Sprintf("GPU-00000000-0000-4000-8000-%012d", card)
}

// Misbehave has a card misbehave from now on, as well as it does already; a fault takes
// the place of an earlier one at the same point.
func (r *Rig) Misbehave(card int, f Fault) {
	r.control.t.Helper()
	r.control.misbehave(card, f)
}

// Lose has a card fall off the bus: all calls on it fail.
func (r *Rig) Lose(card int) {
	r.control.t.Helper()
	r.control.lose(card)
}

// Heal ends all misbehaviour of a card. What hangs goes on hanging.
func (r *Rig) Heal(card int) {
	r.control.t.Helper()
	r.control.heal(card)
}
