package metrics

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
)

// A chunk's bytes, where numbers are varints:
//
//	version (1)
//	columns, each: the id of its series, which of the columns before it has the same points
//	  (1 the last, 2 the one before that, …), and where none has, 0, a length, and its body
//
// A body is the times, as runs of points without a gap (the gap before it and its length, in
// points), and the sets. Where each is of one sample they are the differences of the values,
// else of each: count, the difference of the minima, the maximum above the minimum, and the sum
// above as many minima.
const chunkVersion = 1

var errChunk = errors.New("a chunk is damaged")

// appendChunk writes the points of a level from start on.
func appendChunk(b []byte, res, start int64, columns []column) []byte {
	b = append(b, chunkVersion)
	bodies := make([][]byte, 0, len(columns))
	for _, c := range columns {
		body := appendBody(nil, res, start, c.points)
		b = binary.AppendUvarint(b, uint64(c.id))
		same := 0
		for back := 1; back <= len(bodies) && same == 0; back++ {
			if bytes.Equal(bodies[len(bodies)-back], body) {
				same = back
			}
		}
		b = binary.AppendUvarint(b, uint64(same))
		if same == 0 {
			b = binary.AppendUvarint(b, uint64(len(body)))
			b = append(b, body...)
		}
		bodies = append(bodies, body)
	}
	return b
}

func appendBody(b []byte, res, start int64, p points) []byte {
	b = binary.AppendUvarint(b, uint64(len(p)))
	next := start
	for i := 0; i < len(p); {
		n := 1
		for i+n < len(p) && p[i+n].at == p[i].at+int64(n)*res {
			n++
		}
		b = binary.AppendUvarint(b, uint64((p[i].at-next)/res))
		b = binary.AppendUvarint(b, uint64(n))
		i += n
		next = p[i-1].at + res
	}
	for _, one := range p {
		if one.count != 1 {
			return appendSets(append(b, 1), p)
		}
	}
	b = append(b, 0)
	last := int64(0)
	for _, one := range p {
		b = binary.AppendVarint(b, one.sum-last)
		last = one.sum
	}
	return b
}

func appendSets(b []byte, p points) []byte {
	last := int64(0)
	for _, one := range p {
		b = binary.AppendUvarint(b, uint64(one.count))
		b = binary.AppendVarint(b, one.min-last)
		b = binary.AppendUvarint(b, uint64(one.max-one.min))
		b = binary.AppendUvarint(b, uint64(one.sum-one.count*one.min))
		last = one.min
	}
	return b
}

// readChunk is what appendChunk wrote; columns that are the same share their points. Where only is
// not 0 it is that series' column alone.
func readChunk(b []byte, res, start, only int64) ([]column, error) {
	r := reader{b: b}
	if r.byte() != chunkVersion {
		return nil, errChunk
	}
	var columns []column
	var bodies []body
	for len(r.b) > 0 && !r.bad {
		id, same := int64(r.unsigned()), r.unsigned()
		at := len(bodies) - int(min(same, math.MaxInt32))
		switch {
		case same == 0:
			bodies = append(bodies, body{same: at, text: r.bytes(r.unsigned())})
		case at >= 0:
			bodies = append(bodies, body{same: bodies[at].same})
		default:
			return nil, errChunk
		}
		if r.bad || only != 0 && id != only {
			continue
		}
		b := &bodies[bodies[len(bodies)-1].same]
		if b.points == nil {
			var err error
			if b.points, err = readBody(b.text, res, start); err != nil {
				return nil, err
			}
		}
		columns = append(columns, column{id, b.points})
	}
	if r.bad {
		return nil, errChunk
	}
	return columns, nil
}

// body is a column's, or where same is not its own place, that one's.
type body struct {
	same   int
	text   []byte
	points points // once they have been read
}

func readBody(b []byte, res, start int64) (points, error) {
	r := reader{b: b}
	count := r.unsigned()
	if count > uint64(len(b)) { // each point takes a byte or more
		return nil, errChunk
	}
	p := make(points, 0, count)
	for at := start; uint64(len(p)) < count && !r.bad; {
		gap, n := r.unsigned(), r.unsigned()
		if n == 0 || n > count-uint64(len(p)) || gap > math.MaxInt32 {
			return nil, errChunk
		}
		at += int64(gap) * res
		for range n {
			p = append(p, point{at: at})
			at += res
		}
	}
	sets := r.byte() == 1
	last := int64(0)
	for i := range p {
		one := set{count: 1}
		if sets {
			one.count = int64(r.unsigned())
		}
		one.min = last + r.signed()
		one.max, one.sum, last = one.min, one.min, one.min
		if sets {
			one.max += int64(r.unsigned())
			one.sum = int64(r.unsigned()) + one.count*one.min
		}
		if one.count <= 0 {
			return nil, errChunk
		}
		p[i].set = one
	}
	if r.bad || len(r.b) > 0 {
		return nil, errChunk
	}
	return p, nil
}

// reader reads what may be cut short: it is bad from then on, and gives zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) {
	if n <= 0 {
		r.b, r.bad = nil, true
		return
	}
	r.b = r.b[n:]
}

func (r *reader) unsigned() uint64 {
	v, n := binary.Uvarint(r.b)
	r.take(n)
	return v
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.b)
	r.take(n)
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}
