package stream

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/packager"
)

// diskHub is a hub whose streams have their windows on disk and stay for as long
// after their end.
func diskHub(t *testing.T, linger time.Duration) (*testHub, string) {
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
	h.options.Disk, h.options.Linger = disk, linger
	return h, dir
}

func TestFilesGoWithTheirStream(t *testing.T) {
	h, dir := diskHub(t, time.Millisecond)
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
	h, dir := diskHub(t, time.Millisecond)
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

// TestFewStreamsLinger has a publisher come and go.
func TestFewStreamsLinger(t *testing.T) {
	h, dir := diskHub(t, time.Hour)
	var ids []string
	for range lingerMost + 2 {
		s := h.publish(t, basic.Key)
		write(t, s, first(200, realVideo(t))...)
		until(t, "the stream on air", func() bool {
			live, err := h.Channel(basic.ID)
			if err != nil {
				return false
			}
			ids = append(ids, live.ID())
			return true
		})
		s.Close(nil)
		// One that is off the air may not have ended yet.
		until(t, "the stream to linger", func() bool { return h.Lingering().Streams == min(len(ids), lingerMost) && h.over(ids[len(ids)-1]) })
	}
	h.publish(t, basic.Key).Close(nil) // before it has media
	until(t, "that one to go", func() bool {
		h.Hub.mu.Lock()
		defer h.Hub.mu.Unlock()
		return len(h.streams) == lingerMost
	})
	for i, id := range ids {
		if _, err := h.Stream(id); (err == nil) != (i >= 2) {
			t.Errorf("stream %d of %d: %v", i, len(ids), err)
		}
	}
	until(t, "the files of those that went to go", func() bool {
		_, first := os.Stat(filepath.Join(dir, ids[0]))
		_, second := os.Stat(filepath.Join(dir, ids[1]))
		return errors.Is(first, os.ErrNotExist) && errors.Is(second, os.ErrNotExist)
	})
	if l := h.Lingering(); l.Memory == 0 || l.Index == 0 || l.Streams != lingerMost {
		t.Errorf("lingering: %+v", l)
	}
}

// over says whether a stream is among those that have ended.
func (h *testHub) over(id string) bool {
	h.Hub.mu.Lock()
	defer h.Hub.mu.Unlock()
	for _, p := range h.past[basic.ID] {
		if p.live.id == id {
			return true
		}
	}
	return false
}

// TestEndedStreamsLeaveMemory lets the time go by that they stay there.
func TestEndedStreamsLeaveMemory(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		disk, err := packager.OpenDisk(dir)
		if err != nil {
			t.Fatal(err)
		}
		h := newTestHub(t, basic)
		h.options.Disk = disk
		s := h.publish(t, basic.Key)
		write(t, s, first(200, realVideo(t))...)
		s.Close(nil)
		synctest.Wait()
		if l := h.Lingering(); l.Streams != 1 || l.Memory == 0 {
			t.Errorf("at the end: %+v", l)
		}
		<-time.After(settleAfter)
		synctest.Wait()
		if l := h.Lingering(); l.Streams != 1 || l.Memory != 0 || l.Disk == 0 {
			t.Errorf("later: %+v", l)
		}
		<-time.After(h.options.Linger)
		synctest.Wait()
		if l := h.Lingering(); l != (Lingering{}) {
			t.Errorf("in the end: %+v", l)
		}
		h.Close()
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	})
}
