package cloudwatch

import (
	"context"
	"regexp"
	"slices"
	"time"

	"ladderd/control/metrics"
)

// dataQuery is one of GetMetricData's.
type dataQuery struct {
	query
	id, label string
	statistic func(metrics.Point) float64
	returned  bool
}

// Ids are used in expressions, hence their form.
var idForm = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

func (s *Service) getMetricData(ctx context.Context, in tree) (tree, error) {
	queries, err := dataQueries(in)
	if err != nil {
		return nil, err
	}
	ascending, most, err := dataOrder(in)
	if err != nil {
		return nil, err
	}
	start, err := dataPlace(in, len(queries))
	if err != nil {
		return nil, err
	}
	page := datapage{room: most, ascending: ascending, results: []any{}}
	for i := start.query; i < len(queries) && page.next == nil; i++ {
		if !queries[i].returned {
			continue
		}
		points, err := s.read(ctx, queries[i].query)
		if err != nil {
			return nil, err
		}
		if !ascending {
			slices.Reverse(points)
		}
		from := place{query: i}
		if i == start.query {
			from = start
		}
		page.take(queries[i], points, from)
	}
	out := tree{"MetricDataResults": page.results, "Messages": []any{}}
	if page.next != nil {
		out["NextToken"] = dataToken(*page.next)
	}
	return out, nil
}

// datapage is the part of all data that an answer has room for.
type datapage struct {
	room      int // for so many points more
	ascending bool
	results   []any
	next      *place // where the next page begins; nil while this one has all
}

// take puts what a query has from a place on onto the page, as far as there is room.
func (p *datapage) take(q dataQuery, points []metrics.Point, from place) {
	if !from.behind.IsZero() {
		points = slices.DeleteFunc(points, func(one metrics.Point) bool {
			return one.At.Equal(from.behind) || one.At.Before(from.behind) == p.ascending
		})
	}
	if p.room == 0 && len(points) > 0 {
		p.next = &from
		return
	}
	status := "Complete"
	if len(points) > p.room {
		points, status = points[:p.room], "PartialData"
		p.next = &place{from.query, points[p.room-1].At}
	}
	p.room -= len(points)
	times, values := make([]any, len(points)), make([]any, len(points))
	for i, one := range points {
		times[i], values[i] = one.At, q.statistic(one)
	}
	p.results = append(p.results, tree{"Id": q.id, "Label": q.label, "Timestamps": times, "Values": values, "StatusCode": status})
}

// dataOrder reads whether the oldest come first, and how many points an answer has.
func dataOrder(in tree) (ascending bool, most int, err error) {
	by, err := text(in, "ScanBy")
	if err != nil {
		return false, 0, err
	}
	if by != "" && by != "TimestampAscending" && by != "TimestampDescending" {
		return false, 0, faultOf(errValidation, "The parameter ScanBy must be TimestampAscending or TimestampDescending.")
	}
	n, there, err := whole(in, "MaxDatapoints")
	switch {
	case err != nil:
		return false, 0, err
	case !there:
		n = datapointsMost
	case n < 1 || n > datapointsMost:
		return false, 0, faultOf(errValidation, "The parameter MaxDatapoints must be from 1 to %d.", datapointsMost)
	}
	return by == "TimestampAscending", int(n), nil
}

func dataQueries(in tree) ([]dataQuery, error) {
	given, err := structures(in, "MetricDataQueries", queriesMost)
	if err != nil {
		return nil, err
	}
	if len(given) == 0 {
		return nil, faultOf(errMissing, "The parameter MetricDataQueries is required.")
	}
	var all query
	if err := all.span(in); err != nil {
		return nil, err
	}
	queries := make([]dataQuery, len(given))
	for i, one := range given {
		if queries[i], err = dataQueryOf(one, all.from, all.to); err != nil {
			return nil, err
		}
		for _, before := range queries[:i] {
			if before.id == queries[i].id {
				return nil, faultOf(errValidation, "The values for parameter id in MetricDataQueries are not unique: %s.", before.id)
			}
		}
	}
	return queries, nil
}

func dataQueryOf(in tree, from, to time.Time) (q dataQuery, err error) {
	q.from, q.to = from, to
	if q.id, err = needed(in, "Id"); err != nil {
		return q, named(err, "MetricDataQueries")
	}
	if !idForm.MatchString(q.id) {
		return q, faultOf(errValidation, "The value %q for parameter id in MetricDataQueries must begin with a lower case letter and have letters, digits and underscores only.", q.id)
	}
	if q.label, err = text(in, "Label"); err != nil {
		return q, named(err, "MetricDataQueries %s", q.id)
	}
	if q.returned, err = yes(in, "ReturnData", true); err != nil {
		return q, named(err, "MetricDataQueries %s", q.id)
	}
	return q, named(q.stat(in), "MetricDataQueries %s", q.id)
}

// stat reads which series and which of its statistics.
func (q *dataQuery) stat(in tree) error {
	expression, err := text(in, "Expression")
	if err != nil {
		return err
	}
	if expression != "" {
		return faultOf(errValidation, "Expression is not supported: metric math, SEARCH, anomaly detection and Metrics Insights queries are not computed here; ask for each metric by MetricStat.")
	}
	stat, err := structure(in, "MetricStat")
	if err != nil {
		return err
	}
	metric, err := structure(stat, "Metric")
	if err != nil {
		return err
	}
	if metric == nil {
		return faultOf(errMissing, "The parameter MetricStat is required, with its Metric.")
	}
	if err := q.metric(metric); err != nil {
		return err
	}
	if err := q.resolution(stat); err != nil {
		return err
	}
	if q.unit, err = text(stat, "Unit"); err != nil {
		return err
	}
	name, err := needed(stat, "Stat")
	if err != nil {
		return err
	}
	if q.statistic = statisticBy[name]; q.statistic == nil {
		return faultOf(errValidation, "The value %q for parameter Stat is not kept here: ask for Average, Sum, Minimum, Maximum or SampleCount.", name)
	}
	if q.label == "" {
		q.label = q.series.Name
	}
	return nil
}
