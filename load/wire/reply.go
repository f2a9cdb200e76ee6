package wire

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Reply is an answer that has come whole.
type Reply struct {
	Status int
	Gzip   bool   // whether the body is compressed
	Body   []byte // where it was kept; valid until the client's next request
	Size   int64  // of the body as it was sent
	First  time.Time
	Last   time.Time // when the first and the last byte came
	// Location is where a redirect (RFC 9110, 15.4) leads to; empty in other answers.
	Location string
}

// redirects says whether a status sends the client elsewhere with the same request.
func redirects(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// keepLimit bounds a body that is kept. A playlist of twelve hours is a tenth of it.
const keepLimit = 16 << 20

var errLarge = errors.New("the body is larger than 16 MiB")

// scratch is where bodies go that nobody looks at. A buffer is held only while
// bytes are there to be read, so few serve all viewers.
var scratch = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// discard reads r to its end.
func discard(r io.Reader) (int64, error) {
	b := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(b)
	total := int64(0)
	for {
		n, err := r.Read(b[:])
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// keep reads r to its end behind what is in b.
func keep(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err == nil && len(b) > keepLimit {
			err = errLarge
		}
		if err != nil {
			return b, fmt.Errorf("read the body: %w", err)
		}
	}
}
