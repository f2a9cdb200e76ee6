package playback

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/packager"
)

// slowWriter takes as long over each write as a viewer who is quick enough for
// one. It knows deadlines as a connection does.
type slowWriter struct {
	header   http.Header
	each     time.Duration
	deadline time.Time
}

func (w *slowWriter) Header() http.Header { return w.header }
func (w *slowWriter) WriteHeader(int)     {}
func (w *slowWriter) SetWriteDeadline(t time.Time) error {
	w.deadline = t
	return nil
}

func (w *slowWriter) Write(p []byte) (int, error) {
	if done := time.Now().Add(w.each); done.After(w.deadline) {
		<-time.After(time.Until(w.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	<-time.After(w.each)
	return len(p), nil
}

// TestSlowViewersAreCutOff holds a segment of 6 s, in memory and on disk, with a viewer
// who would take minutes over it.
func TestSlowViewersAreCutOff(t *testing.T) {
	const size = 8 << 20
	path := filepath.Join(t.TempDir(), "segment")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, onDisk := range map[string]bool{"memory": false, "disk": true} {
		synctest.Test(t, func(t *testing.T) {
			res := packager.Resource{Size: size, Duration: 6 * time.Second}
			if onDisk {
				f, err := os.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				res.File = f
			} else {
				res.Chunks = [][]byte{make([]byte, size)}
			}
			begun := time.Now()
			w := &slowWriter{header: http.Header{}, each: 1500 * time.Millisecond}
			if err := sendResource(w, &http.Request{Method: http.MethodGet}, res, &delivery{}); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took != 27*time.Second {
				t.Errorf("from %s it took %v", name, took)
			}
			if err := res.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
