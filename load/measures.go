package load

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ladderd/load/wire"
)

// kind is what a request for media is for.
type kind int

const (
	kindInit kind = iota
	kindPart
	kindSegment
)

func (k kind) String() string { return [...]string{"init section", "part", "segment"}[k] }

func kindOf(p *piece) kind {
	if p.whole {
		return kindSegment
	}
	return kindPart
}

// measures is what all viewers have seen. Only what happens while on is set counts,
// but for joins, errors, and what the progress shows.
type measures struct {
	on atomic.Bool

	requests, bytes        atomic.Int64 // since the run began
	counted, countedBytes  atomic.Int64 // while on
	held, loaded, behind   histogram    // playlists: held, not held, and after the first viewer
	inits, parts, segments histogram
	late                   histogram // parts, after they were first seen listed
	latency, joined        histogram
	stalledViewers, stalls atomic.Int64
	waited                 atomic.Int64 // nanoseconds

	mu     sync.Mutex
	errors map[string]int64
}

func (m *measures) received(r wire.Reply) {
	m.requests.Add(1)
	m.bytes.Add(r.Size)
	if m.on.Load() {
		m.counted.Add(1)
		m.countedBytes.Add(r.Size)
	}
}

func (m *measures) playlist(held bool, took, behind time.Duration) {
	switch {
	case !m.on.Load():
	case held:
		m.held.add(took)
		m.behind.add(behind)
	default:
		m.loaded.add(took)
	}
}

func (m *measures) media(k kind, took time.Duration, there, came time.Time) {
	if !m.on.Load() {
		return
	}
	switch k {
	case kindInit:
		m.inits.add(took)
	case kindSegment:
		m.segments.add(took)
	default:
		m.parts.add(took)
		if !there.IsZero() {
			m.late.add(came.Sub(there))
		}
	}
}

func (m *measures) started(after time.Duration) { m.joined.add(after) }

func (m *measures) plays(behind time.Duration) {
	if m.on.Load() {
		m.latency.add(behind)
	}
}

func (m *measures) measuring() bool { return m.on.Load() }

func (m *measures) stalled(times int, waited time.Duration) {
	if times == 0 {
		return
	}
	m.stalledViewers.Add(1)
	m.stalls.Add(int64(times))
	m.waited.Add(int64(waited))
}

// failed counts an error by what was being fetched and what went wrong; a request
// that the viewer itself gave up is none.
func (m *measures) failed(what string, err error) {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.errors == nil {
		m.errors = map[string]int64{}
	}
	m.errors[what+": "+reason(err)]++
}

func (m *measures) failures() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var n int64
	for _, count := range m.errors {
		n += count
	}
	return n
}

// reason puts an error into few words, the same for all errors of a kind.
func reason(err error) string {
	var status badStatus
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.As(err, &certificate):
		return "the certificate is not trusted"
	case errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err):
		return "no whole answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection cut off"
	case errors.Is(err, errPlaylist):
		return errPlaylist.Error()
	case errors.Is(err, errNowhere):
		return errNowhere.Error()
	case errors.Is(err, errBehind):
		return errBehind.Error()
	}
	return err.Error()
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
