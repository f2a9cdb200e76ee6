package packager

import "sync/atomic"

// body is where a segment's bytes are: in memory while viewers at the live edge ask
// for them, on disk from soon after its end on, and in the end nowhere. Between
// the first two it is in both, so readers look into memory first. The stream's
// goroutine changes chunks, the disk's sets saved.
type body struct {
	chunks atomic.Pointer[[][]byte] // by part; nil once they are not in memory
	saved  atomic.Bool              // the file is whole
}

func (b *body) add(data []byte) {
	var chunks [][]byte
	if old := b.chunks.Load(); old != nil {
		chunks = *old
	}
	chunks = append(chunks, data) // readers have shorter slices of the same array
	b.chunks.Store(&chunks)
}

// release takes the bytes out of memory.
func (b *body) release() { b.chunks.Store(nil) }
