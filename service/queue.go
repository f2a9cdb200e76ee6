package service

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
)

// sender is journal.Send.
type sender func(message string, p journal.Priority, fields map[string]string) error

// line is a record on its way to the journal.
type line struct {
	message  string
	priority journal.Priority
	fields   map[string]string
}

// queue takes lines to the journal, in their order, by one goroutine.
type queue struct {
	send  sender
	lines chan line
	lost  atomic.Int64 // since the journal was last told
	ended chan struct{}

	mu     sync.RWMutex // held by who adds, so that close can close lines
	closed bool
}

func newQueue(send sender) *queue {
	q := &queue{send: send, lines: make(chan line, waitingLines), ended: make(chan struct{})}
	go q.run()
	return q
}

// add does not wait.
func (q *queue) add(l line) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		q.lost.Add(1)
		return
	}
	select {
	case q.lines <- l:
	default:
		q.lost.Add(1)
	}
}

func (q *queue) run() {
	defer close(q.ended)
	for l := range q.lines {
		if n := q.lost.Swap(0); n > 0 {
			q.write(line{fmt.Sprintf("%d lines of the log were lost: the journal did not take them in time", n), journal.PriWarning, identified()})
		}
		q.write(l)
	}
}

// identified are the fields that each line has.
func identified() map[string]string { return map[string]string{"SYSLOG_IDENTIFIER": "ladderd"} }

// write falls back on standard error, which is the journal's as well but may be one that is
// just being started anew.
func (q *queue) write(l line) {
	if err := q.send(l.message, l.priority, l.fields); err != nil {
		fmt.Fprintf(os.Stderr, "<%d>%s\n", l.priority, l.message)
	}
}

// closing is how long the last lines may take.
const closing = 2 * time.Second

func (q *queue) close() {
	q.mu.Lock()
	was := q.closed
	q.closed = true
	q.mu.Unlock()
	if was {
		return
	}
	close(q.lines)
	select {
	case <-q.ended:
	case <-time.After(closing):
	}
}
