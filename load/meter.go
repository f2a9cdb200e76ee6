package load

import (
	"time"

	"ladderd/load/proc"
)

// meter takes what is read from outside the viewers: clocks, and the server's usage.
type meter struct {
	run     *run
	started time.Time
	before  proc.Usage // of the server, before the first viewer

	from, until       time.Time // of the measurement; zero where it has not begun
	serverFrom        proc.Usage
	serverUntil       proc.Usage
	peak              int64         // of the server's memory
	ownFrom, ownUntil time.Duration // CPU of this process
	allFrom, allUntil time.Duration // CPU of the machine
}

func newMeter(r *run, started time.Time, before proc.Usage) *meter {
	return &meter{run: r, started: started, before: before, peak: before.Memory}
}

func (m *meter) usage() proc.Usage {
	u, err := m.run.server.Usage()
	if err != nil {
		return m.serverUntil // it is not here, or has gone: what was seen last
	}
	m.serverUntil = u
	m.peak = max(m.peak, u.Memory)
	return u
}

func (m *meter) begin() {
	m.from, m.ownFrom = time.Now(), proc.Own()
	m.allFrom, _ = proc.Busy() // nothing where there is no such file
	m.serverFrom = m.usage()
}

func (m *meter) sample() { m.usage() }

func (m *meter) end() {
	m.until, m.ownUntil = time.Now(), proc.Own()
	m.allUntil, _ = proc.Busy()
	m.usage()
}

// measured is how long the measurement took.
func (m *meter) measured() time.Duration {
	if m.from.IsZero() {
		return 0
	}
	return m.until.Sub(m.from)
}
