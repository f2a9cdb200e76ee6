package metrics

import "time"

// A level is a resolution at which points are kept. A row of the file is a chunk: all points of
// a channel within a time.
type level struct {
	res   int64         // seconds of a point
	chunk int64         // seconds of a row: what the next level is made of at once
	keep  time.Duration // how old points get
}

const day = 24 * time.Hour

// levels are the guide's (lines 2090–2095, 2294–2299). Each is made of the one before it.
var levels = [...]level{
	{1, 60, 3 * time.Hour},
	{60, 3600, 15 * day},
	{300, 6 * 3600, 63 * day},
	{3600, 7 * 24 * 3600, 455 * day},
}

// oldest is from when on the points of a level are shown, at a time in Unix seconds: whole
// points of the next level.
func oldest(l int, now int64) int64 {
	at := now - int64(levels[l].keep/time.Second)
	if l+1 < len(levels) {
		return down(at, levels[l+1].res)
	}
	return down(at, levels[l].res)
}

// down is the last multiple of step up to at.
func down(at, step int64) int64 {
	at -= at % step
	return at
}

// rowID is where a chunk lies. Rows are in the order of level, time and channel, so that what
// is written at once lies together, and what is too old, too.
func rowID(l int, start, group int64) int64 {
	return int64(l)<<58 | start/60<<32 | group
}

// groupMost is how many channels a file can have known.
const groupMost = 1<<32 - 1

// fromRow takes a rowID apart.
func fromRow(id int64) (start, group int64) {
	return id >> 32 & (1<<26 - 1) * 60, id & groupMost
}
