package packager

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"ladderd/media"
)

// all are a state's segments, the one that is not complete among them.
func (st *state) all() []*segment {
	list := append([]*segment(nil), st.segments...)
	if st.opening != nil {
		list = append(list, st.opening)
	}
	return list
}

// bytesOf reads a resource, wherever it is, and closes it.
func bytesOf(t rapid.TB, res Resource) []byte {
	t.Helper()
	data := bytes.Join(res.Chunks, nil)
	if res.File != nil {
		data = make([]byte, res.Size)
		if _, err := io.ReadFull(io.NewSectionReader(res.File, res.Offset, res.Size), data); err != nil {
			t.Errorf("read %s: %v", res.File.Name(), err)
		}
	}
	if err := res.Close(); err != nil {
		t.Error(err)
	}
	return data
}

func openDisk(t testing.TB) *Disk {
	t.Helper()
	d, err := OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// flush waits until the disk has done what it was told so far.
func flush(d *Disk) {
	for _, l := range d.lanes {
		done := make(chan struct{})
		l.put(func() { close(done) })
		<-done
	}
}

// hang stops the disk until it is let go.
func hang(d *Disk) (letGo func()) {
	stop := make(chan struct{})
	for _, l := range d.lanes {
		l.put(func() { <-stop })
	}
	return func() { close(stop) }
}

// filmed is a stream of one rendition at 30 fps, with frames of 1000 bytes and a
// segment each 2 s, and what feeds it up to a time.
func filmed(t rapid.TB, o Options) (*Stream, *Rendition, func(to float64)) {
	t.Helper()
	s := newStream(t, o, silent(rung("720p30", fps(30), 0)))
	params := videoParams(t, sps720)
	next := origin
	more := func(to float64) {
		for next < secs(to) {
			gop := shot{params: params, rate: fps(30), gop: 60, from: next, to: next + 2*media.Clock, bytes: 1000}
			for _, p := range gop.packets() {
				s.Write(0, p)
			}
			next, params = gop.to, nil
		}
	}
	r, _ := s.Rendition("720p30")
	return s, r, more
}

const filmedRate = 30*1000 + 2000 // bytes per second, boxes among them

// listedAreThere fetches all that a playlist lists, and returns how many segments
// it has and the first one's number.
func listedAreThere(t rapid.TB, r *Rendition) (count int, first int64) {
	t.Helper()
	list := read(t, fetch(t, r, Plain))
	for _, name := range uris(fetch(t, r, Plain)) {
		res, err := r.Media(context.Background(), name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if data := bytesOf(t, res); int64(len(data)) != res.Size || res.Size == 0 {
			t.Fatalf("%s: %d bytes, said to be %d", name, len(data), res.Size)
		}
	}
	return len(list.Entries), list.First
}

func TestWindowOnDiskIsTheSame(t *testing.T) {
	o := testOptions()
	_, inMemory, more := filmed(t, o)
	more(100)
	o.Disk = openDisk(t)
	_, onDisk, more := filmed(t, o)
	for to := 2.0; to <= 100; to += 2 {
		more(to)
		flush(o.Disk)
	}
	if a, b := fetch(t, inMemory, Plain), fetch(t, onDisk, Plain); !bytes.Equal(a, b) {
		t.Fatalf("in memory\n%s\non disk\n%s", a, b)
	}
	files := 0
	for _, name := range append(uris(fetch(t, onDisk, Plain)), "30.1.m4s", "24.5.m4s") {
		want, err := inMemory.Media(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := onDisk.Media(t.Context(), name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.File != nil {
			files++
		}
		if got.Size != want.Size || got.Type != want.Type || !bytes.Equal(bytesOf(t, got), bytesOf(t, want)) {
			t.Errorf("%s differs", name)
		}
	}
	if files < 25 {
		t.Errorf("only %d of them came from files", files)
	}
}

// TestMemoryIsBounded has a window of an hour in little memory, whose files go as
// it moves on.
func TestMemoryIsBounded(t *testing.T) {
	o := testOptions()
	o.Disk, o.Window = openDisk(t), secs(600)
	s, r, more := filmed(t, o)
	most := int64(0)
	for to := 2.0; to <= 900; to += 2 {
		more(to)
		flush(o.Disk)
		most = max(most, s.Bytes())
	}
	// What is new, and the segments that end and begin.
	if limit := int64(residence.Seconds()+2*2) * filmedRate; most > limit {
		t.Errorf("%d bytes in memory, want at most %d", most, limit)
	}
	if n, _ := listedAreThere(t, r); n != 301 {
		t.Errorf("%d segments listed", n)
	}
	files, err := filepath.Glob(filepath.Join(o.Disk.dir, s.ID(), "720p30", "*"))
	if err != nil {
		t.Fatal(err)
	}
	onDisk := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		onDisk += info.Size()
	}
	if u := s.Usage(); u.Disk != onDisk || u.Memory != s.Bytes() || u.Lost != 0 || u.Unsaved != 0 {
		t.Errorf("usage %+v; the files have %d bytes", u, onDisk)
	}
	if n := len(files); n < 301 || n > 301+30+5 { // the window, its grace
		t.Errorf("%d files", n)
	}
	s.Close()
	flush(o.Disk)
	if _, err := os.Stat(filepath.Join(o.Disk.dir, s.ID())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the stream's directory outlives it: %v", err)
	}
}

// TestDiskThatHangsCostsTheWindow and not the live edge: the stream goes on, in
// bounded memory, and grows back when the disk does.
func TestDiskThatHangsCostsTheWindow(t *testing.T) {
	o := testOptions()
	o.Disk, o.Memory = openDisk(t), 40*filmedRate
	s, r, more := filmed(t, o)
	more(100)
	flush(o.Disk)
	letGo := hang(o.Disk)
	for to := 102.0; to <= 300; to += 2 {
		more(to)
		if s.Bytes() > 46*filmedRate {
			t.Fatalf("%d bytes in memory at %v s", s.Bytes(), to)
		}
	}
	n, first := listedAreThere(t, r)
	if n < 8 || n > 11 { // half of the memory
		t.Errorf("%d segments listed, from %d on", n, first)
	}
	if msn, part := r.state.Load().last(); msn != 149 || part != 4 { // the sixth waits for its last frame's length
		t.Errorf("the live edge is at %d.%d", msn, part)
	}
	if u := s.Usage(); u.Lost == 0 {
		t.Errorf("usage %+v", u)
	}
	letGo()
	for to := 302.0; to <= 400; to += 2 {
		more(to)
		flush(o.Disk)
	}
	if n, _ := listedAreThere(t, r); n != 31 {
		t.Errorf("%d segments listed when the disk is back", n)
	}
}

// quota has a disk take no more than some bytes.
func quota(t *testing.T, d *Disk, most int64) {
	d.write = func(path string, chunks [][]byte) error {
		used := int64(len(bytes.Join(chunks, nil)))
		err := filepath.WalkDir(d.dir, func(_ string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				var info fs.FileInfo
				if info, err = e.Info(); err == nil {
					used += info.Size()
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if used > most {
			return syscall.ENOSPC
		}
		return writeFile(path, chunks)
	}
}

// TestFullDiskCostsTheWindow has a disk for 100 s of media, which are what is listed
// and its grace.
func TestFullDiskCostsTheWindow(t *testing.T) {
	o := testOptions()
	o.Disk, o.Window = openDisk(t), secs(600)
	quota(t, o.Disk, 100*filmedRate)
	s, r, more := filmed(t, o)
	fewest, most, full, well := 1000, 0, false, false
	for to := 2.0; to <= 1000; to += 2 {
		more(to)
		flush(o.Disk)
		if err := s.DiskErr(); err == nil {
			well = well || full
		} else if full = true; !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		n, _ := listedAreThere(t, r)
		if most = max(most, n); most > 40 {
			fewest = min(fewest, n)
		}
	}
	if most > 60 || fewest < 12 { // segments of 2 s
		t.Errorf("%d to %d segments listed", fewest, most)
	}
	if u := s.Usage(); u.Lost < 300 || u.Unsaved == 0 || u.Unsaved > 150 || !full || !well {
		t.Errorf("usage %+v; it was full: %v, and well again: %v", u, full, well)
	}
}

// TestBrokenDiskCostsTheWindow has a file where the stream's directory should be.
func TestBrokenDiskCostsTheWindow(t *testing.T) {
	o := testOptions()
	o.Disk, o.Memory = openDisk(t), 20*filmedRate
	s, r, more := filmed(t, o)
	if err := os.WriteFile(filepath.Join(o.Disk.dir, s.ID()), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	more(100)
	flush(o.Disk)
	if n, _ := listedAreThere(t, r); n < 4 || n > 6 {
		t.Errorf("%d segments listed", n)
	}
	if u := s.Usage(); u.Lost < 10 || u.Unsaved != 49 || u.Disk != 0 || s.DiskErr() == nil {
		t.Errorf("usage %+v, error %v", u, s.DiskErr())
	}
}

// TestListedMediaAreAlwaysThere has the disk hang, and refuse segments, at any
// time.
func TestListedMediaAreAlwaysThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "ladderd-window-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		d, err := OpenDisk(dir)
		if err != nil {
			t.Fatal(err)
		}
		letGo := func() {}
		defer func() {
			letGo()
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		o := testOptions()
		o.Disk, o.Window = d, secs(float64(rapid.IntRange(6, 40).Draw(t, "window")))
		o.Memory = int64(rapid.IntRange(1, 40).Draw(t, "memory")) * filmedRate
		s, r, more := filmed(t, o)
		refused := filepath.Join(dir, s.ID(), "720p30")
		if err := os.MkdirAll(refused, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, msn := range rapid.SliceOfDistinct(rapid.IntRange(0, 40), rapid.ID).Draw(t, "refused") {
			if err := os.WriteFile(filepath.Join(refused, strconv.Itoa(msn)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		hung, last := false, int64(0)
		for to := 4.0; to < 60; to += 2 {
			more(to)
			switch change := rapid.IntRange(0, 9).Draw(t, "disk"); {
			case change == 0 && !hung:
				letGo, hung = hang(d), true
			case change == 1 && hung:
				letGo()
				letGo, hung = func() {}, false
			case !hung:
				flush(d)
			}
			n, first := listedAreThere(t, r)
			if first < last {
				t.Fatalf("went back from %d to %d", last, first)
			}
			if last = first; n < 4 && to > 10 { // three target durations, and the open one
				t.Fatalf("%d segments listed at %v s", n, to)
			}
		}
	})
}

func TestDiskBelongsToOneDaemon(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "st-of-an-earlier-daemon", "720p30", "7")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was left is there: %v", err)
	}
	if _, err := OpenDisk(dir); !errors.Is(err, ErrDiskBusy) {
		t.Errorf("a second one: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("beside the lock there is %v: %v", entries, err)
	}
	d, err = OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := OpenDisk(filepath.Join(left, "..", "..", "..", lockName, "below-a-file")); err == nil {
		t.Error("a directory that cannot be made")
	}
}

// TestReaderKeepsItsFile reads a segment that the window has left.
func TestReaderKeepsItsFile(t *testing.T) {
	o := testOptions()
	o.Disk, o.Window = openDisk(t), secs(10)
	_, r, more := filmed(t, o)
	more(20)
	flush(o.Disk)
	more(22)
	res, err := r.Media(t.Context(), "2.m4s")
	if err != nil || res.File == nil {
		t.Fatalf("not from a file: %v", err)
	}
	more(80)
	flush(o.Disk)
	if _, err := r.Media(t.Context(), "2.m4s"); !errors.Is(err, ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	if data := bytesOf(t, res); int64(len(data)) != res.Size {
		t.Errorf("%d bytes of %d", len(data), res.Size)
	}
}
