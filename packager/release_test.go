package packager

import (
	"errors"
	"strconv"
	"syscall"
	"testing"
)

// TestSlowReadersHoldNoSegments keeps a reader of each segment of 200 s.
func TestSlowReadersHoldNoSegments(t *testing.T) {
	o := testOptions()
	o.Disk = openDisk(t)
	_, r, more := filmed(t, o)
	for msn := int64(0); msn < 100; msn++ {
		more(float64(2*msn) + 4)
		flush(o.Disk)
		name := strconv.FormatInt(msn, 10)
		res, err := r.Media(t.Context(), name+".m4s")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bytesOf(t, res) })
		if res.File == nil || res.Chunks != nil {
			t.Fatalf("segment %d, which is on disk, comes from memory", msn)
		}
		if d := res.Duration.Seconds(); d != 2 {
			t.Errorf("segment %d is said to last %v s", msn, d)
		}
		part, err := r.Media(t.Context(), name+".1.m4s")
		if err != nil || part.File != nil {
			t.Errorf("a new part does not come from memory: %v", err)
		}
	}
}

// TestLaneForgetsItsJobs looks behind the queue's beginning, where the array is.
func TestLaneForgetsItsJobs(t *testing.T) {
	l := &lane{wake: make(chan struct{}, 1)}
	for range 3 {
		l.put(func() {})
	}
	array := l.jobs
	for range array {
		l.take()
	}
	for i, job := range array {
		if job != nil {
			t.Errorf("job %d is still held", i)
		}
	}
}

// TestEndLeavesMemory has an ended stream in files alone, with all that is listed, and
// its index counted until it goes.
func TestEndLeavesMemory(t *testing.T) {
	o := testOptions()
	o.Disk = openDisk(t)
	s, r, more := filmed(t, o)
	more(100)
	flush(o.Disk)
	s.End()
	if s.Bytes() == 0 {
		t.Error("the end is not in memory for those at the edge")
	}
	s.Settle()
	flush(o.Disk)
	if u := s.Usage(); u.Memory != 0 || u.Index < 30*200 || u.Index > 30*5000 {
		t.Errorf("usage %+v", u)
	}
	if n, _ := listedAreThere(t, r); n < 30 {
		t.Errorf("%d segments listed", n)
	}
}

// TestDiskIsWellAgain has it refuse a segment, and then none.
func TestDiskIsWellAgain(t *testing.T) {
	o := testOptions()
	o.Disk = openDisk(t)
	s, _, more := filmed(t, o)
	quota(t, o.Disk, 0)
	more(10)
	flush(o.Disk)
	if !errors.Is(s.DiskErr(), syscall.ENOSPC) {
		t.Errorf("a full disk: %v", s.DiskErr())
	}
	o.Disk.write = writeFile // nothing writes now
	more(20)
	flush(o.Disk)
	if s.DiskErr() == nil {
		t.Error("well after a few segments")
	}
	more(40)
	flush(o.Disk)
	if err := s.DiskErr(); err != nil {
		t.Error(err)
	}
}
