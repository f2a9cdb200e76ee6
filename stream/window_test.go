package stream

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ladderd/packager"
)

// diskHub is a hub whose streams have their windows on disk and go soon after
// their end.
func diskHub(t *testing.T) (*testHub, string) {
	t.Helper()
	dir := t.TempDir()
	disk, err := packager.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	})
	h := newTestHub(t, basic)
	h.options.Disk, h.options.Linger = disk, time.Millisecond
	return h, dir
}

func TestFilesGoWithTheirStream(t *testing.T) {
	h, dir := diskHub(t)
	s := h.publish(t, basic.Key)
	write(t, s, first(200, realVideo(t))...)
	var id string
	until(t, "a segment on disk", func() bool {
		st := h.Status()
		if len(st) == 1 && st[0].Window != nil && st[0].Window.Disk > 0 && st[0].Window.Memory > 0 {
			id = st[0].ID
		}
		return id != ""
	})
	if files, err := filepath.Glob(filepath.Join(dir, id, "720p30", "*")); err != nil || len(files) == 0 {
		t.Errorf("no files: %v", err)
	}
	s.Close(nil)
	until(t, "the stream's directory to go", func() bool {
		_, err := os.Stat(filepath.Join(dir, id))
		return errors.Is(err, os.ErrNotExist)
	})
}

func TestStreamOutlivesItsDisk(t *testing.T) {
	h, dir := diskHub(t)
	s := h.publish(t, basic.Key)
	id := h.Status()[0].ID
	if err := os.WriteFile(filepath.Join(dir, id), nil, 0o600); err != nil { // where its directory should be
		t.Fatal(err)
	}
	write(t, s, first(200, realVideo(t))...)
	until(t, "health to tell", func() bool {
		st := h.Status()
		return len(st) == 1 && st[0].Window != nil && st[0].Window.Unsaved > 0 && st[0].Window.DiskError != ""
	})
	write(t, s, frame(200, nil))
	s.Close(nil)
}
