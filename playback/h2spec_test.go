package playback

import (
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// h2spec holds HTTP/2 servers to RFC 9113's and RFC 7541's wording.
const h2spec = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"

// h2specMistaken is what it may complain of: it raises the size of its table to 4096
// bytes, although it has been told that it may be 256.
var h2specMistaken = regexp.MustCompile(`× \d+: Sends multiple dynamic table size update\n`)

// TestRoadsConformToH2spec needs h2spec from the network, or from Go's cache of it.
func TestRoadsConformToH2spec(t *testing.T) {
	dir := t.TempDir()
	install := exec.Command("go", "install", h2spec)
	install.Dir, install.Env = dir, append(install.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("h2spec cannot be had: %v\n%s", err, out)
	}
	b := newBroadcast(t)
	b.send(75)
	_, port, err := net.SplitHostPort(startSecure(t, newTestHandler(t, b)).addr)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(dir, "h2spec"), "--host", "127.0.0.1", "--port", port, "--tls", "--insecure",
		"--timeout", "5", "--path", mediaURL+"0.m4s").CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	if failed := regexp.MustCompile(`(\d+) passed, 0 skipped, 1 failed`).FindSubmatch(out); failed == nil || !h2specMistaken.Match(out) {
		t.Errorf("%s", out)
	}
}
