package metrics

import (
	"context"
	"slices"
)

const (
	// spansMost is how many chunks' times a flush makes of finer ones: after a long pause, the
	// next flushes make the rest.
	spansMost = 24
	// expireEvery is how often, in seconds, the file is looked through for what is too old.
	expireEvery = 60
	// seriesSlack is how much longer than its last data a series is known, in seconds: their
	// chunk is a week.
	seriesSlack = 8 * 24 * 3600
	// clockWrong is by how many seconds a clock that was set back has been wrong, and did not only
	// correct itself: what was measured since then is of another time.
	clockWrong = 24 * 3600
)

// readMade reads up to when the levels have been made.
func (s *Store) readMade(ctx context.Context) error {
	s.ahead, s.expired = [len(levels)]int64{}, 0
	rows, err := s.db.QueryContext(ctx, "SELECT level, until FROM made")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var l int
		var until int64
		if err := rows.Scan(&l, &until); err != nil {
			return err
		}
		switch {
		case l == 0:
			s.expired = until
		case l < len(levels):
			s.ahead[l] = until
		}
	}
	return rows.Err()
}

// rollUp makes each level of the one before it, as far as that is whole.
func (f *flushing) rollUp() error {
	whole, spans := down(f.now, 60), spansMost
	for l := 1; l < len(levels); l++ {
		was := f.ahead[l]
		if f.ahead[l]-f.now > clockWrong { // else all that is measured now would be late
			f.ahead[l] = down(whole, levels[l].chunk)
		}
		for ; spans > 0; spans-- {
			start, err := f.due(l, whole)
			if err != nil {
				return err
			}
			if start < 0 {
				break
			}
			if err := f.rollAll(l, start); err != nil {
				return err
			}
			f.ahead[l] = start + levels[l].chunk
		}
		if f.ahead[l] != was {
			if err := f.note(l, f.ahead[l]); err != nil {
				return err
			}
		}
		whole = f.ahead[l]
	}
	return nil
}

// note keeps up to when a level has been made; of level 0, when it was last looked for what is
// too old.
func (f *flushing) note(l int, until int64) error {
	_, err := f.tx.ExecContext(f.ctx, "INSERT OR REPLACE INTO made (level, until) VALUES (?, ?)", l, until)
	return err
}

// due is the next time of which a level is to be made; -1 where there is none. Times of which
// the level before it has nothing are passed over.
func (f *flushing) due(l int, whole int64) (int64, error) {
	rows, err := f.tx.QueryContext(f.ctx, "SELECT id FROM chunks WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
		rowID(l-1, f.ahead[l], 0), rowID(l-1, whole, 0))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	span := levels[l].chunk
	if rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return 0, err
		}
		first, _ := fromRow(id)
		if start := down(first, span); start+span <= whole {
			return start, nil
		}
	}
	f.ahead[l] = max(f.ahead[l], down(whole, span))
	return -1, rows.Err()
}

// rollAll makes a level's chunks of all channels from start on.
func (f *flushing) rollAll(l int, start int64) error {
	groups, err := f.groupsIn(l-1, start, start+levels[l].chunk)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := f.roll(l, start, g); err != nil {
			return err
		}
	}
	return nil
}

// groupsIn is whose chunks there are within a time.
func (f *flushing) groupsIn(l int, from, to int64) (groups []int64, err error) {
	rows, err := f.tx.QueryContext(f.ctx, "SELECT id FROM chunks WHERE id >= ? AND id < ?", rowID(l, from, 0), rowID(l, to, 0))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	seen := make(map[int64]bool)
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		if _, g := fromRow(id); !seen[g] {
			seen[g] = true
			groups = append(groups, g)
		}
	}
	return groups, rows.Err()
}

// roll makes one chunk of those of the level before it. What is there already of times of which
// these are gone stays.
func (f *flushing) roll(l int, start, group int64) error {
	made := make(map[int64]points)
	finer := levels[l-1]
	for at := start; at < start+levels[l].chunk; at += finer.chunk {
		columns, err := f.load(l-1, at, group)
		if err != nil {
			return err
		}
		for _, c := range columns {
			p := made[c.id]
			for _, one := range c.points {
				p = p.add(down(one.at, levels[l].res), one.set)
			}
			made[c.id] = p
		}
	}
	before, err := f.load(l, start, group)
	if err != nil {
		return err
	}
	for _, c := range before {
		made[c.id] = c.overlaid(made[c.id])
	}
	columns := make([]column, 0, len(made))
	for id, p := range made {
		columns = append(columns, column{id, p})
	}
	slices.SortFunc(columns, byID)
	return f.store(l, start, group, appendChunk(nil, levels[l].res, start, columns))
}

// late makes the levels anew that a minute is in already: it came when the clock had been set
// back, or when the disk took nothing for long.
func (f *flushing) late(minute, group int64) error {
	for l := 1; l < len(levels); l++ {
		start := down(minute, levels[l].chunk)
		if start+levels[l].chunk > f.ahead[l] {
			return nil
		}
		if err := f.roll(l, start, group); err != nil {
			return err
		}
	}
	return nil
}

// expire deletes what is too old, once the next level has it.
func (f *flushing) expire() error {
	if since := f.now - f.expired; since < expireEvery && since > -clockWrong {
		return nil
	}
	f.expired = f.now
	if err := f.note(0, f.now); err != nil {
		return err
	}
	for l, level := range levels {
		until := f.now - int64(level.keep.Seconds())
		if l+1 < len(levels) {
			until = min(until, f.ahead[l+1])
		}
		if until = down(until, level.chunk); until <= 0 {
			continue
		}
		if _, err := f.tx.ExecContext(f.ctx, "DELETE FROM chunks WHERE id >= ? AND id < ?", rowID(l, 0, 0), rowID(l, until, 0)); err != nil {
			return err
		}
	}
	gone := f.now - int64(levels[len(levels)-1].keep.Seconds()) - seriesSlack
	if _, err := f.tx.ExecContext(f.ctx, "DELETE FROM series WHERE last < ?", gone); err != nil {
		return err
	}
	_, err := f.tx.ExecContext(f.ctx, "DELETE FROM groups WHERE id NOT IN (SELECT grp FROM series)")
	return err
}
