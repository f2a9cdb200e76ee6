package metrics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Filter is which series are listed. What is empty is not asked for.
type Filter struct {
	Namespace, Name string
	// Dimensions are such as a series must have, among others: of the value, or where it is empty
	// of any.
	Dimensions []Dimension
}

func (f Filter) takes(s Series) bool {
	if f.Namespace != "" && f.Namespace != s.Namespace || f.Name != "" && f.Name != s.Name {
		return false
	}
	for _, want := range f.Dimensions {
		if !slices.ContainsFunc(s.Dimensions, func(d Dimension) bool { return d.Name == want.Name && (want.Value == "" || d.Value == want.Value) }) {
			return false
		}
	}
	return true
}

// List is the series that had data from a time on, in the order of namespace, name and
// dimensions. After a crash, that of their last data may be an hour behind.
func (s *Store) List(ctx context.Context, f Filter, since time.Time) ([]Series, error) {
	s.file.RLock()
	defer s.file.RUnlock()
	known := s.remembered(f)
	var list []Series
	for _, m := range known {
		if m.last >= since.Unix() {
			list = append(list, m.series)
		}
	}
	filed, err := s.filed(ctx, f, since)
	if err != nil {
		return nil, fmt.Errorf("list metrics: %w", err)
	}
	for _, one := range filed {
		if _, there := known[one.key()]; !there {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b Series) int { return strings.Compare(a.key(), b.key()) })
	return list, nil
}

// remembered is what is in memory, by key.
func (s *Store) remembered(f Filter) map[string]line {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := make(map[string]line)
	for key, l := range s.lines {
		if f.takes(l.series) {
			known[key] = line{series: l.series, last: l.last}
		}
	}
	return known
}

// filed is what the file has.
func (s *Store) filed(ctx context.Context, f Filter, since time.Time) (list []Series, err error) {
	if s.db == nil {
		return nil, nil
	}
	query, values := "SELECT namespace, name, dimensions FROM series WHERE last >= ?", []any{since.Unix()}
	for _, d := range f.Dimensions {
		if d.Name == Channel && d.Value != "" {
			query += " AND grp = (SELECT id FROM groups WHERE channel = ?)"
			values = append(values, d.Value)
		}
	}
	rows, err := s.db.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var namespace, name, dimensions string
		if err := rows.Scan(&namespace, &name, &dimensions); err != nil {
			return nil, err
		}
		if one := seriesOf(namespace, name, dimensions); f.takes(one) {
			list = append(list, one)
		}
	}
	return list, rows.Err()
}
