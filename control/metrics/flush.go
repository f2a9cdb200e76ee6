package metrics

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// flushing is one transaction: the pages that are in memory, the levels that are due, and what
// is too old.
type flushing struct {
	*Store
	ctx     context.Context
	tx      *sql.Tx
	now     int64 // Unix seconds
	last    bool  // the store is being closed
	get     *sql.Stmt
	put     *sql.Stmt
	idle    []*line            // that have long had no sample
	ahead   [len(levels)]int64 // Store's, once this is done; expired likewise
	expired int64
	named   []func() // undo what the transaction has given ids to
}

// flush writes what is in memory. Where it fails all of it stays there.
func (s *Store) flush(now time.Time, last bool) {
	s.file.Lock()
	defer s.file.Unlock()
	defer s.rest()
	err := s.write(now, last)
	if isDamage(err) {
		if err = s.setAside(err); err == nil {
			err = s.write(now, last)
		}
	}
	if err != nil && s.db != nil {
		// Whatever it was, a file that is opened anew is one that is there.
		err = errors.Join(err, s.db.Close())
		s.db = nil
	}
	s.report(err, now)
}

// rest lets the oldest pages go again.
func (s *Store) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = false
	s.bound()
}

// report notes how a flush went, and logs when that is news.
func (s *Store) report(err error, now time.Time) {
	info, statErr := os.Stat(s.path)
	s.mu.Lock()
	was := s.failure
	if s.failure = err; err == nil {
		s.since = now
	}
	if statErr == nil {
		s.bytes = info.Size()
	}
	lost := s.lost
	s.mu.Unlock()
	switch {
	case err != nil && was == nil:
		s.log.Error("the disk does not take metrics: they are kept in memory for some minutes", "file", s.path, "reason", err)
	case err == nil && was != nil:
		s.log.Info("the disk takes metrics again", "file", s.path, "lost", lost)
	}
}

func (s *Store) write(now time.Time, last bool) error {
	ctx := context.Background()
	if s.db == nil {
		if err := s.connect(ctx); err != nil {
			return fmt.Errorf("open %s: %w", s.path, err)
		}
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	f := &flushing{Store: s, ctx: ctx, tx: tx, now: now.Unix(), last: last, ahead: s.ahead, expired: s.expired}
	pages, whole := f.pages()
	if err = f.all(pages); err == nil {
		err = tx.Commit()
	}
	if err != nil {
		_ = tx.Rollback()
		for _, undo := range f.named {
			undo()
		}
		return fmt.Errorf("write metrics: %w", err)
	}
	s.ahead, s.expired = f.ahead, f.expired
	f.written(whole)
	return nil
}

func (f *flushing) all(pages []*page) (err error) {
	if f.get, err = f.tx.PrepareContext(f.ctx, "SELECT data FROM chunks WHERE id = ?"); err != nil {
		return err
	}
	if f.put, err = f.tx.PrepareContext(f.ctx, "INSERT OR REPLACE INTO chunks (id, data) VALUES (?, ?)"); err != nil {
		return err
	}
	for _, p := range pages {
		if err := f.page(p); err != nil {
			return err
		}
	}
	if err := f.rollUp(); err != nil {
		return err
	}
	if err := f.expire(); err != nil {
		return err
	}
	return f.quiet()
}

// pages is what is to be written: minutes that have ended, of which there are so many, and those
// that are being measured.
func (f *flushing) pages() (pages []*page, whole int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing = true
	for _, g := range f.groups {
		if g.open != nil && g.open.minute+60 <= f.now {
			f.seal(g)
		}
	}
	pages = slices.Clone(f.sealed)
	whole = len(pages)
	for _, g := range f.groups {
		if g.open != nil {
			pages = append(pages, g.open)
		}
	}
	return pages, whole
}

// written lets go of the first sealed pages, and of what has long had no sample.
func (f *flushing) written(whole int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.sealed[:whole] {
		f.waiting -= p.size()
	}
	f.sealed = slices.Clone(f.sealed[whole:])
	if len(f.idle) == 0 {
		return
	}
	for _, l := range f.idle {
		delete(f.lines, l.series.key())
		l.gone, l.id, l.told = true, 0, 0
	}
	left := make(map[*group]bool, len(f.groups))
	for _, l := range f.lines {
		left[l.group] = true
	}
	for channel, g := range f.groups {
		if !left[g] {
			delete(f.groups, channel)
		}
	}
}

// page writes a minute: what the file had of it before, and what has been measured.
func (f *flushing) page(p *page) error {
	f.mu.Lock()
	lines := make([]*line, 0, len(p.points))
	for l := range p.points {
		lines = append(lines, l)
	}
	f.mu.Unlock()
	if err := f.name(p.group, lines); err != nil {
		return err
	}
	if !p.based {
		base, err := f.base(p)
		if err != nil {
			return err
		}
		p.base, p.based = base, true
	}
	f.mu.Lock()
	data := appendChunk(nil, 1, p.minute, p.columns())
	f.mu.Unlock()
	if err := f.store(0, p.minute, p.group.id, data); err != nil {
		return err
	}
	return f.late(p.minute, p.group.id)
}

// columns is all there is of a minute. Store.mu is held.
func (p *page) columns() []column {
	columns := slices.Clone(p.base)
	for l, points := range p.points {
		i, found := slices.BinarySearchFunc(columns, column{id: l.id}, byID)
		if found {
			columns[i].points = columns[i].merged(points)
		} else {
			columns = slices.Insert(columns, i, column{l.id, points})
		}
	}
	return columns
}

// base is what the file has of a minute. Where its seconds are gone there may still be the
// minute, if the clock was set back so far.
func (f *flushing) base(p *page) ([]column, error) {
	columns, err := f.load(0, p.minute, p.group.id)
	if err != nil || len(columns) > 0 || p.minute >= f.ahead[1] {
		return columns, err
	}
	hour, err := f.load(1, down(p.minute, levels[1].chunk), p.group.id)
	for _, c := range hour {
		if one := c.between(p.minute, p.minute+60); len(one) > 0 {
			columns = append(columns, column{c.id, one})
		}
	}
	return columns, err
}

// name gives ids to a group and its lines, and tells the file when they had their last
// samples.
func (f *flushing) name(g *group, lines []*line) (err error) {
	if g.id == 0 {
		if g.id, err = f.id("groups", "channel", g.channel); err != nil {
			return err
		}
		f.named = append(f.named, func() { g.id = 0 })
	}
	for _, l := range lines {
		if err := f.nameLine(l, false); err != nil {
			return err
		}
	}
	return nil
}

// nameLine tells the file of a line's last sample once an hour, or where it is to know.
func (f *flushing) nameLine(l *line, tell bool) error {
	f.mu.Lock()
	last := l.last
	f.mu.Unlock()
	if l.id != 0 && last-l.told < idleAfter && !tell {
		return nil
	}
	was, told := l.id, l.told
	f.named = append(f.named, func() { l.id, l.told = was, told })
	l.told = last
	return f.tx.QueryRowContext(f.ctx, `INSERT INTO series (grp, name, dimensions, namespace, steps, last) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (grp, name, dimensions, namespace) DO UPDATE SET last = max(last, excluded.last) RETURNING id`,
		l.group.id, l.series.Name, l.series.dimensions(), l.series.Namespace, int64(l.steps), last).Scan(&l.id)
}

// id is that of the row whose column has the value, which is made where there is none.
func (f *flushing) id(table, column, value string) (id int64, err error) {
	err = f.tx.QueryRowContext(f.ctx, "SELECT id FROM "+table+" WHERE "+column+" = ?", value).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = f.tx.QueryRowContext(f.ctx, "INSERT INTO "+table+" ("+column+") VALUES (?) RETURNING id", value).Scan(&id)
	}
	if err == nil && id > groupMost {
		err = errors.New("the file knows too many channels")
	}
	return id, err
}

func (f *flushing) store(l int, start, group int64, data []byte) error {
	_, err := f.put.ExecContext(f.ctx, rowID(l, start, group), data)
	return err
}

// load is a chunk's columns; none where there is no such chunk.
func (f *flushing) load(l int, start, group int64) ([]column, error) {
	data, err := get(f.ctx, f.get, l, start, group)
	if data == nil {
		return nil, err
	}
	return f.decode(data, l, start, 0), nil
}

// get is a chunk; nil where there is none.
func get(ctx context.Context, by *sql.Stmt, l int, start, group int64) (data []byte, err error) {
	err = by.QueryRowContext(ctx, rowID(l, start, group)).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return data, err
}

// decode reads a chunk. One that is damaged is as if it were not there.
func (s *Store) decode(data []byte, l int, start, only int64) []column {
	columns, err := readChunk(data, levels[l].res, start, only)
	if err != nil {
		s.log.Error("metrics of some time cannot be read", "file", s.path, "seconds a point", levels[l].res,
			"from", time.Unix(start, 0).UTC(), "reason", err)
		return nil
	}
	return columns
}

// quiet finds the series that have long had no sample, and tells the file when they had their
// last one; at the end, it does so of all.
func (f *flushing) quiet() error {
	f.mu.Lock()
	var behind []*line
	for _, l := range f.lines {
		idle := f.now-l.last >= idleAfter && l.group.open == nil && l.id != 0
		if idle {
			f.idle = append(f.idle, l)
		}
		if (idle || f.last) && l.told < l.last {
			behind = append(behind, l)
		}
	}
	f.mu.Unlock()
	for _, l := range behind {
		if err := f.nameLine(l, true); err != nil {
			return err
		}
	}
	return nil
}
