package metrics

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrPeriod says that a period is none of those that there are.
var ErrPeriod = errors.New("a period is 1, 5, 10 or 30 seconds, or a multiple of 60")

// Read is what a series measured in the periods that begin from a time, rounded down to a
// period, to before another. It is made of the finest points that there still are of their
// age, or of coarser ones where these say the same. Where these are longer than the period, each
// is in the period in which it begins. Periods are whole, but the one that is not over has what
// there is of it.
func (s *Store) Read(ctx context.Context, series Series, from, to time.Time, period time.Duration) ([]Point, error) {
	seconds := int64(period / time.Second)
	if period%time.Second != 0 || seconds <= 0 || seconds%60 != 0 && !slices.Contains([]int64{1, 5, 10, 30}, seconds) {
		return nil, fmt.Errorf("%w, not %v", ErrPeriod, period)
	}
	s.settle(series)
	s.file.RLock()
	defer s.file.RUnlock()
	r, err := s.reading(ctx, series)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer r.close()
	var out points
	for _, p := range pieces(max(s.now().Unix(), s.expired), s.ahead, down(from.Unix(), seconds), down(ceil(to)-1, seconds)+seconds, seconds) {
		found, err := r.piece(p)
		if err != nil {
			return nil, fmt.Errorf("read metrics: %w", err)
		}
		for _, one := range found {
			out = out.add(down(one.at, seconds), one.set)
		}
	}
	return r.given(out), nil
}

// settle writes what is in memory of minutes of which coarser levels have been made already, as
// where the clock was set back: these are what is read.
func (s *Store) settle(series Series) {
	s.file.RLock()
	made := s.ahead[1]
	s.file.RUnlock()
	late := func(p *page) bool { return p != nil && p.minute < made && p.group.channel == series.channel() }
	s.mu.Lock()
	found := slices.ContainsFunc(s.sealed, late)
	if g := s.groups[series.channel()]; g != nil {
		found = found || late(g.open)
	}
	s.mu.Unlock()
	if found {
		s.flush(s.now(), false)
	}
}

// ceil is the first whole second from a time on.
func ceil(t time.Time) int64 { return t.Add(time.Second - 1).Unix() }

// piece is a time that is read from one level.
type piece struct {
	level    int
	from, to int64
}

// pieces divides a time, in Unix seconds, by where its points are best read. ahead is up to when
// the levels have been made.
func pieces(now int64, ahead [len(levels)]int64, from, to, period int64) []piece {
	from = max(from, oldest(len(levels)-1, now))
	borders := []int64{from, to}
	for l := range levels {
		for _, at := range []int64{oldest(l, now), ahead[l]} {
			if at > from && at < to {
				borders = append(borders, at)
			}
		}
	}
	slices.Sort(borders)
	var list []piece
	for i := range len(borders) - 1 {
		if a, b := borders[i], borders[i+1]; a < b {
			list = append(list, piece{levelFor(now, ahead, a, period), a, b})
		}
	}
	return list
}

// levelFor is the coarsest level that has whole periods of a time, else the finest that has it
// at all.
func levelFor(now int64, ahead [len(levels)]int64, at, period int64) int {
	finest := -1
	for l := len(levels) - 1; l >= 0; l-- {
		made := l == 0 || at < ahead[l]
		kept := at >= oldest(l, now) || l+1 < len(levels) && at >= ahead[l+1]
		if !made || !kept {
			continue
		}
		if period%levels[l].res == 0 {
			return l
		}
		finest = l
	}
	return max(finest, 0)
}

// reading is of one series. Store.file is held.
type reading struct {
	*Store
	ctx       context.Context
	get       *sql.Stmt // nil where the file has nothing of it
	id, group int64
	steps     float64
	memory    map[int64]fresh // by minute
}

// fresh is a minute in memory.
type fresh struct {
	points
	instead bool // the file's are among them
}

func (s *Store) reading(ctx context.Context, series Series) (r *reading, err error) {
	r = &reading{Store: s, ctx: ctx, memory: make(map[int64]fresh)}
	if s.db != nil {
		err = s.db.QueryRowContext(ctx, `SELECT series.id, grp, steps FROM series JOIN groups ON grp = groups.id
			WHERE channel = ? AND name = ? AND dimensions = ? AND namespace = ?`,
			series.channel(), series.Name, series.dimensions(), series.Namespace).Scan(&r.id, &r.group, &r.steps)
		if err == nil {
			r.get, err = s.db.PrepareContext(ctx, "SELECT data FROM chunks WHERE id = ?")
		} else if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
	}
	if err == nil {
		r.remember(series)
	}
	return r, err
}

func (r *reading) close() {
	if r.get != nil {
		_ = r.get.Close()
	}
}

// remember copies what is in memory.
func (r *reading) remember(series Series) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lines[series.key()]
	if l == nil {
		return
	}
	r.steps = l.steps
	pages := r.sealed
	if l.group.open != nil {
		pages = append(slices.Clip(pages), l.group.open)
	}
	for _, p := range pages {
		if p.group != l.group {
			continue
		}
		found := fresh{points: slices.Clone(p.points[l]), instead: p.based}
		for _, c := range p.base {
			if c.id == r.id {
				found.points = found.merged(c.points)
			}
		}
		// A minute may have been sealed and begun anew, when the clock was set back.
		was := r.memory[p.minute]
		r.memory[p.minute] = fresh{was.merged(found.points), was.instead || found.instead}
	}
}

// piece is the points of a time that begin in it.
func (r *reading) piece(p piece) (out points, err error) {
	level := levels[p.level]
	for start := down(p.from, level.chunk); start < p.to; start += level.chunk {
		found, err := r.chunk(p.level, start)
		if err != nil {
			return nil, err
		}
		out = append(out, found.between(p.from, p.to)...)
	}
	return out, nil
}

func (r *reading) chunk(l int, start int64) (points, error) {
	memory, there := r.memory[start]
	if there = there && l == 0; there && memory.instead || r.get == nil {
		if there {
			return memory.points, nil
		}
		return nil, nil
	}
	data, err := get(r.ctx, r.get, l, start, r.group)
	var p points
	if data != nil {
		for _, c := range r.decode(data, l, start, r.id) {
			p = c.points
		}
	}
	if there {
		p = p.merged(memory.points)
	}
	return p, err
}

// given is points as they are told.
func (r *reading) given(p points) []Point {
	out := make([]Point, len(p))
	for i, one := range p {
		out[i] = Point{
			At: time.Unix(one.at, 0).UTC(), Sum: float64(one.sum) / r.steps, Min: float64(one.min) / r.steps, Max: float64(one.max) / r.steps, Count: one.count,
		}
	}
	return out
}
