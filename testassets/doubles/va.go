package doubles

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ladderd/testassets/daemon"
)

// VA is a pretended GPU with a VAAPI driver: libva and FFmpeg are the real ones, and the
// driver below them is testassets/doubles/va.
type VA struct{ folder string }

// The driver's files.
const (
	vaDriver = "ladderdouble_drv_video.so"
	vaDRM    = "libva-drm.so.2"
)

// buildVA builds the driver where it is not there yet, and returns its folder.
var buildVA = sync.OnceValues(func() (string, error) {
	root, err := daemon.Root()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(root, "bin", "doubles", "va")
	out, err := exec.Command(filepath.Join(root, "testassets", "doubles", "va", "build.sh"), folder).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the VAAPI double: %w\n%s", err, out)
	}
	return folder, nil
})

// NewVA makes a GPU that works. It is the test's own: no other test shares its sessions.
func NewVA(t testing.TB) *VA {
	t.Helper()
	built, err := buildVA()
	if err != nil {
		t.Fatal(err)
	}
	v := &VA{t.TempDir()}
	for _, name := range []string{vaDriver, vaDRM} {
		if err := os.Symlink(filepath.Join(built, name), filepath.Join(v.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(v.Node(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return v
}

// Node is the path of its render node. It is no device, which none but libva-drm asks.
func (v *VA) Node() string { return filepath.Join(v.folder, "renderD128") }

// Environ is this process's environment, and what a process needs to find the driver.
// The first is read when a process starts, so a test cannot set it for itself.
func (v *VA) Environ() []string {
	return append(os.Environ(), "LD_LIBRARY_PATH="+v.folder, "LIBVA_DRIVERS_PATH="+v.folder, "LIBVA_DRIVER_NAME=ladderdouble")
}

// Ask changes how the GPU behaves, for processes that use it already too. Each line is a
// name and a number:
//
//	va-encode 0           there is no encoder
//	va-encode-cbr 0       it has no constant bit rate
//	va-encode-lp 1        there is one at the entry point for low power
//	va-decode 0           there is no decoder
//	va-process 0          there is nothing that scales
//	va-packed-headers 0   the encoder takes no headers, and writes its own
//	va-sessions 3         so many encoders are open at once at most, in all processes
//	OPERATION-fail 20     the operation fails from the 20th time on
//	OPERATION-hang 20     it never comes back
//	OPERATION-slow 50     it takes 50 ms longer
//	OPERATION-lost 20     from then on all operations of that process fail
//
// Operations are va-open, va-encoder-open, va-encode, va-decoder-open, va-decode,
// va-process-open and va-process.
func (v *VA) Ask(t testing.TB, lines ...string) {
	t.Helper()
	next := filepath.Join(v.folder, "control.new")
	if err := os.WriteFile(next, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(v.folder, "control")); err != nil {
		t.Fatal(err)
	}
}

// Record is what the driver was told so far under a name, the values by their keys:
// va-open, va-encoder-open, va-sequence, va-picture (only I pictures), va-process, va-decoder-open.
func (v *VA) Record(t testing.TB, name string) (all []map[string]string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(v.folder, "record"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line) // the first is the process
		if len(words) < 2 || words[1] != name {
			continue
		}
		said := map[string]string{"pid": words[0]}
		for _, w := range words[2:] {
			key, value, _ := strings.Cut(w, "=")
			said[key] = value
		}
		all = append(all, said)
	}
	return all
}
