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

// keptFor is how long there are points of a period, and of its multiples (guide, lines 2294–2299).
// Asked for finer ones than there are, CloudWatch has none ("GetMetricStatistics" in its API
// reference).
var keptFor = []struct{ period, age time.Duration }{
	{time.Second, 3 * time.Hour},
	{time.Minute, 15 * 24 * time.Hour},
	{5 * time.Minute, 63 * 24 * time.Hour},
	{time.Hour, 455 * 24 * time.Hour},
}

// ahead is how far into the future there may be data: clocks are set back.
const ahead = 2 * time.Hour

// read is what there is: whole periods, the first one being that in which the time begins.
func (s *Service) read(ctx context.Context, q query) ([]metrics.Point, error) {
	if q.unit != "" && q.unit != q.series.Unit() {
		return nil, nil
	}
	now, from, to := s.now(), down(q.from, q.period), q.to
	for _, k := range slices.Backward(keptFor) {
		if q.period%k.period != 0 {
			continue
		}
		if oldest := now.Add(-k.age); from.Before(oldest) {
			from = down(oldest.Add(q.period-1), q.period)
		}
		break
	}
	if latest := now.Add(ahead); to.After(latest) {
		to = latest
	}
	if !from.Before(to) {
		return nil, nil
	}
	return s.source.Read(ctx, q.series, from, to, q.period)
}

// down is the beginning of the period that a time is in: a multiple of it since 1970.
func down(t time.Time, period time.Duration) time.Time {
	seconds := int64(period / time.Second)
	n := t.Unix() / seconds
	if t.Unix() < 0 {
		n = 0
	}
	return time.Unix(n*seconds, 0).UTC()
}
