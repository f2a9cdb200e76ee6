package cloudwatch

import (
	"context"
	"slices"
	"strings"
	"time"

	"ladderd/control/metrics"
)

// query is a series over a time.
type query struct {
	series   metrics.Series
	from, to time.Time
	period   time.Duration
	unit     string // "" is any
}

// metric reads which series it is.
func (q *query) metric(in tree) (err error) {
	if q.series.Namespace, err = needed(in, "Namespace"); err != nil {
		return err
	}
	if q.series.Name, err = needed(in, "MetricName"); err != nil {
		return err
	}
	given, err := structures(in, "Dimensions", dimensionsMost)
	if err != nil {
		return err
	}
	for _, one := range given {
		var d metrics.Dimension
		if d.Name, err = needed(one, "Name"); err != nil {
			return named(err, "Dimensions")
		}
		if d.Value, err = needed(one, "Value"); err != nil {
			return named(err, "Dimensions")
		}
		q.series.Dimensions = append(q.series.Dimensions, d)
	}
	slices.SortFunc(q.series.Dimensions, func(a, b metrics.Dimension) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// span reads from when to when.
func (q *query) span(in tree) (err error) {
	if q.from, err = moment(in, "StartTime"); err != nil {
		return err
	}
	if q.to, err = moment(in, "EndTime"); err != nil {
		return err
	}
	if !q.from.Before(q.to) {
		return faultOf(errValue, "The parameter StartTime must be less than the parameter EndTime.")
	}
	return nil
}

// resolution reads how long a period is.
func (q *query) resolution(in tree) error {
	seconds, there, err := whole(in, "Period")
	switch {
	case err != nil:
		return err
	case !there:
		return faultOf(errMissing, "The parameter Period is required.")
	case seconds == 1 || seconds == 5 || seconds == 10 || seconds == 30:
	case seconds < 60 || seconds%60 != 0 || seconds > 86_400*365:
		return faultOf(errValue, "The parameter Period must be 1, 5, 10, 30 or a multiple of 60.")
	}
	q.period = time.Duration(seconds) * time.Second
	return nil
}

// read is what there is: whole periods, the first one being that in which the time begins.
func (s *Service) read(ctx context.Context, q query) ([]metrics.Point, error) {
	if q.unit != "" && q.unit != q.series.Unit() {
		return nil, nil
	}
	return s.source.Read(ctx, q.series, q.from.Truncate(q.period), q.to, q.period)
}
