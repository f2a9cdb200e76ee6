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
// VA is a GPU with a VAAPI driver, likewise: its doubles are in va/ and vadrm/.
//
// They are built into bin/doubles by `make setup-test`. A process loads them only where
// its environment says so when it starts, so a test has to run another one.
package doubles

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"ladderd/testassets/daemon"
)

// Rig is a Box that processes can be run on.
type Rig struct {
	t         testing.TB
	box       Box
	libraries string // folder with links to the doubles that the box has
	control   string // folder in it that the doubles read and write

	mu     sync.Mutex
	faults [][]Fault // of each card
	lost   []bool
}

// New sets a box up. It fails the test where the doubles have not been built.
func New(t testing.TB, box Box) *Rig {
	t.Helper()
	root, err := daemon.Root()
	if err != nil {
		t.Fatal(err)
	}
	r := &Rig{
		t: t, box: box, faults: make([][]Fault, len(box.Cards)), lost: make([]bool, len(box.Cards)),
	}
	r.libraries, r.control = folders(t)
	for _, library := range NoDriver {
		if slices.Contains(box.Without, library) {
			continue
		}
		built := filepath.Join(root, "bin", "doubles", string(library))
		if _, err := os.Stat(built); err != nil {
			t.Fatalf("%v: the doubles of drivers have not been built: run `make setup-test`", err)
		}
		if err := os.Symlink(built, filepath.Join(r.libraries, string(library))); err != nil {
			t.Fatal(err)
		}
	}
	r.write("driver", box.driver())
	for card := range box.Cards {
		r.writeCard(card)
	}
	return r
}

// folders makes the two folders of a pretended machine. The doubles find control beside
// the links by which they were loaded.
func folders(t testing.TB) (libraries, control string) {
	t.Helper()
	libraries = t.TempDir()
	control = filepath.Join(libraries, "control")
	if err := os.Mkdir(control, 0o700); err != nil {
		t.Fatal(err)
	}
	return libraries, control
}

// Env is what a process's environment needs beside os.Environ, so that it runs on the box.
func (r *Rig) Env() []string {
	return []string{"LD_LIBRARY_PATH=" + r.libraries}
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
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[card] = slices.DeleteFunc(r.faults[card], func(old Fault) bool { return old.At == f.At })
	r.faults[card] = append(r.faults[card], f)
	r.writeCard(card)
}

// Lose has a card fall off the bus: all calls on it fail.
func (r *Rig) Lose(card int) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost[card] = true
	r.writeCard(card)
}

// Heal ends all misbehaviour of a card. What hangs goes on hanging.
func (r *Rig) Heal(card int) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[card], r.lost[card] = nil, false
	r.writeCard(card)
}

func (r *Rig) writeCard(card int) {
	r.t.Helper()
	r.write(fmt.Sprintf("card%d", card), r.box.Cards[card].file(r.lost[card], r.faults[card]))
}

// write puts a file of the control folder in place at once, since doubles read it while
// it changes.
func (r *Rig) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.control, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		r.t.Fatal(err)
	}
}
