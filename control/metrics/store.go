package metrics

import (
	"context"
	"database/sql"
	"log/slog"
	"math"
	"sync"
	"time"
)

const (
	// flushEvery is how long what is measured is in memory alone: what a crash costs.
	flushEvery = 10 * time.Second
	// waitingMost is how many points wait for a disk that does not take them, 40 bytes each: the
	// oldest go first. 100 channels measure as many in ten minutes.
	waitingMost = 500_000
	// idleAfter is after how long without a sample a series leaves memory.
	idleAfter = int64(3600)
)

// Options of a store.
type Options struct {
	Path string // of its file, which has others beside it
	Log  *slog.Logger
	now  func() time.Time // nil for the clock; for tests
}

// Store keeps points. Add never waits for the disk; one goroutine writes, every ten seconds.
type Store struct {
	path string
	log  *slog.Logger
	now  func() time.Time
	stop context.CancelFunc
	done sync.WaitGroup

	// file guards db and what a transaction has learned: flushes have it alone, reads share it.
	file    sync.RWMutex
	db      *sql.DB            // nil while the file cannot be opened
	ahead   [len(levels)]int64 // up to when, in Unix seconds, the levels have been made; that of 0 is unused
	expired int64              // when it was last looked for what is too old, in Unix seconds: after that age counts

	mu      sync.Mutex // guards what follows; nothing is waited for under it
	lines   map[string]*line
	groups  map[string]*group // by channel
	sealed  []*page           // whole minutes that are not in the file, in the order in which they ended
	waiting int               // points in them
	writing bool              // what is in sealed stays there
	lost    int64
	failure error     // why the file takes nothing; nil while it does
	since   time.Time // what is in the file is whole up to then
	bytes   int64     // what the file takes
}

// line is a series in memory.
type line struct {
	series Series
	group  *group
	fine   bool
	steps  float64
	gone   bool  // it has left Store.lines for want of samples; guarded by Store.mu, as is last
	last   int64 // when the last sample was, in Unix seconds
	id     int64 // in the file; 0 where it has none yet. Guarded by Store.file, as is told
	told   int64 // last as the file has it
}

// group is the series of one channel, or the account's, which are in the same rows.
type group struct {
	channel string
	id      int64 // in the file; 0 where it has none yet. Guarded by Store.file
	open    *page // the minute that is being measured; nil without one. Guarded by Store.mu
}

// page is a minute of a group.
type page struct {
	group  *group
	minute int64
	points map[*line]points // guarded by Store.mu

	// base is what the file had of the minute before this page, once it is known. Guarded by
	// Store.file.
	base  []column
	based bool
}

// Open opens the file, or begins one. It always gives a store: what is wrong with the disk is
// logged and costs metrics alone, and the file is tried again at each flush.
func Open(o Options) *Store {
	if o.now == nil {
		o.now = time.Now
	}
	s := &Store{
		path: o.Path, log: o.Log, now: o.now, lines: make(map[string]*line), groups: make(map[string]*group), since: o.now(),
	}
	s.flush(s.now(), false)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.done.Go(func() { s.run(ctx) })
	return s
}

func (s *Store) run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.flush(s.now(), false)
		case <-ctx.Done():
			return
		}
	}
}

// Close writes all that is in memory.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	s.flush(s.now(), true)
	s.file.Lock()
	defer s.file.Unlock()
	if s.db == nil {
		return nil // the reason has been logged
	}
	err := s.db.Close()
	s.db = nil
	return err
}

// Add takes a sample that was measured at a time. Series that are not in the table of metrics
// are taken as if of whole numbers.
func (s *Store) Add(series Series, at time.Time, value float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(s.line(series), at.Unix(), value)
}

// line is the series' own. The lock is held.
func (s *Store) line(series Series) *line {
	if l := s.lines[series.key()]; l != nil {
		return l
	}
	m, known := Find(series.Namespace, series.Name)
	if !known {
		m = Metric{Fine: true, steps: 1}
	}
	l := &line{series: series, fine: m.Fine, steps: float64(m.steps)}
	s.enter(l)
	return l
}

// enter puts a line among those that are written. The lock is held.
func (s *Store) enter(l *line) {
	channel := l.series.channel()
	g := s.groups[channel]
	if g == nil {
		g = &group{channel: channel}
		s.groups[channel] = g
	}
	l.group, l.gone = g, false
	s.lines[l.series.key()] = l
}

// add is Add's. The lock is held.
func (s *Store) add(l *line, at int64, value float64) {
	steps := math.Round(value * l.steps)
	if math.IsNaN(steps) || math.Abs(steps) > 1<<52 {
		s.lost++
		return
	}
	if l.gone {
		s.enter(l)
	}
	g, minute := l.group, down(at, 60)
	if g.open != nil && g.open.minute != minute {
		s.seal(g)
	}
	if g.open == nil {
		g.open = &page{group: g, minute: minute, points: make(map[*line]points)}
	}
	if !l.fine {
		at = minute
	}
	l.last = max(l.last, at)
	g.open.points[l] = g.open.points[l].add(at, sample(int64(steps)))
}

// seal has a minute wait for the disk. The lock is held.
func (s *Store) seal(g *group) {
	if g.open == nil {
		return
	}
	s.sealed = append(s.sealed, g.open)
	s.waiting += g.open.size()
	g.open = nil
	s.bound()
}

// bound drops the oldest minutes where too many wait. The lock is held.
func (s *Store) bound() {
	for !s.writing && s.waiting > waitingMost {
		n := s.sealed[0].size()
		s.waiting -= n
		s.lost += int64(n)
		s.sealed = s.sealed[1:]
	}
}

func (p *page) size() (n int) {
	for _, points := range p.points {
		n += len(points)
	}
	return n
}

// Status is how the store does.
type Status struct {
	// Lag is how long what is measured has been in memory alone; beyond some seconds the disk does
	// not take it, for the reason of Failure.
	Lag     time.Duration
	Failure error
	Lost    int64 // points that no file has, since the start
	Series  int   // in memory
	Bytes   int64 // of the file
}

// Status is of now.
func (s *Store) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Status{Lag: max(0, s.now().Sub(s.since)), Failure: s.failure, Lost: s.lost, Series: len(s.lines), Bytes: s.bytes}
}
