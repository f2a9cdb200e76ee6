package worker

import (
	"sync/atomic"
	"testing"
)

// Workers open encoders on a device one after the other, and on two devices at once.
func TestEncodersOpenOneAtATime(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var at, most atomic.Int32
	done := make(chan bool)
	for range 8 { // each as its own worker has it
		go func() {
			end := openingOf("GPU-1").begin()
			most.Store(max(most.Load(), at.Add(1)))
			at.Add(-1)
			end()
			done <- true
		}()
	}
	for range 8 {
		<-done
	}
	if most.Load() != 1 {
		t.Errorf("%d at once", most.Load())
	}
	first, second := openingOf("GPU-1").begin(), openingOf("GPU-2").begin()
	second()
	first()
}

// A folder that takes no files costs no encoder.
func TestEncodersOpenWithoutAFolder(t *testing.T) {
	t.Setenv("TMPDIR", "/nonexistent")
	o := openingOf("GPU-1")
	o.begin()()
	o.begin()()
}
