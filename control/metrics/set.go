package metrics

import "cmp"

// set is a statistic set in steps of its metric. To add sets up loses nothing, in whatever order.
type set struct{ count, sum, min, max int64 }

// sample is the set of one value.
func sample(v int64) set { return set{1, v, v, v} }

func (s *set) add(o set) {
	if s.count == 0 {
		*s = o
		return
	}
	s.count += o.count
	s.sum += o.sum
	s.min, s.max = min(s.min, o.min), max(s.max, o.max)
}

// point is what was measured from a time on, in Unix seconds.
type point struct {
	at int64
	set
}

// points are in the order of their times, each of which is there once.
type points []point

// add adds a set to what is there of its time. Nearly always it is of the last time or of a
// later one.
func (p points) add(at int64, s set) points {
	i := len(p)
	for i > 0 && p[i-1].at > at {
		i--
	}
	if i > 0 && p[i-1].at == at {
		p[i-1].set.add(s)
		return p
	}
	p = append(p, point{})
	copy(p[i+1:], p[i:])
	p[i] = point{at, s}
	return p
}

// rolled is the points at a resolution of so many seconds.
func (p points) rolled(res int64) points {
	var out points
	for _, one := range p {
		out = out.add(down(one.at, res), one.set)
	}
	return out
}

// merged is all of both: what both have of a time is added up.
func (p points) merged(o points) points {
	out := make(points, 0, len(p)+len(o))
	out = append(out, p...)
	for _, one := range o {
		out = out.add(one.at, one.set)
	}
	return out
}

// overlaid is o, and of the times that o has not, p.
func (p points) overlaid(o points) points {
	out := make(points, 0, len(p)+len(o))
	for len(p) > 0 || len(o) > 0 {
		switch {
		case len(o) == 0 || len(p) > 0 && p[0].at < o[0].at:
			out, p = append(out, p[0]), p[1:]
		default:
			if len(p) > 0 && p[0].at == o[0].at {
				p = p[1:]
			}
			out, o = append(out, o[0]), o[1:]
		}
	}
	return out
}

// between is the points from a time to before another.
func (p points) between(from, to int64) points {
	i, j := 0, len(p)
	for i < j && p[i].at < from {
		i++
	}
	for j > i && p[j-1].at >= to {
		j--
	}
	return p[i:j]
}

// column is the points of one series, by its id in the file.
type column struct {
	id int64
	points
}

// byID orders columns.
func byID(a, b column) int { return cmp.Compare(a.id, b.id) }
