package cloudwatch

import (
	"context"
	"slices"
	"strings"
	"time"

	"ladderd/control/metrics"
)

// operation is one that is answered.
type operation struct {
	do   func(s *Service, ctx context.Context, request tree) (tree, error)
	rate int // calls per second ("CloudWatch service quotas" in its user guide)
}

var operations = map[string]*operation{
	"ListMetrics":         {(*Service).listMetrics, 25},
	"GetMetricData":       {(*Service).getMetricData, 50},
	"GetMetricStatistics": {(*Service).getMetricStatistics, 400},
}

// Rates are the operations, and how many calls of each a second has.
func Rates() map[string]int {
	rates := make(map[string]int, len(operations))
	for name, o := range operations {
		rates[name] = o.rate
	}
	return rates
}

// Limits of CloudWatch's API reference.
const (
	pageMetrics    = 500 // of ListMetrics
	dimensionsMost = 30
	queriesMost    = 500
	statisticsMost = 5
	pointsMost     = 1440    // of GetMetricStatistics
	datapointsMost = 100_800 // of GetMetricData
	// listed is for how long a series is listed that has no data any more.
	listed = 14 * 24 * time.Hour
	// recent is how long that is with RecentlyActive=PT3H.
	recent = 3 * time.Hour
)

func (s *Service) listMetrics(ctx context.Context, in tree) (tree, error) {
	filter, since, err := s.wanted(in)
	if err != nil {
		return nil, err
	}
	behind, err := metricsBehind(in)
	if err != nil {
		return nil, err
	}
	series, err := s.source.List(ctx, filter, since)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(series, compare)
	out := tree{}
	page := slices.DeleteFunc(series, func(one metrics.Series) bool { return behind != "" && line(one) <= behind })
	if len(page) > pageMetrics {
		page = page[:pageMetrics]
		out["NextToken"] = metricsToken(line(page[pageMetrics-1]))
	}
	found := make([]any, len(page))
	for i, one := range page {
		found[i] = tree{"Namespace": one.Namespace, "MetricName": one.Name, "Dimensions": dimensionsOf(one)}
	}
	out["Metrics"] = found
	return out, nil
}

// wanted is which series are to be listed.
func (s *Service) wanted(in tree) (f metrics.Filter, since time.Time, err error) {
	if f.Namespace, err = text(in, "Namespace"); err != nil {
		return f, since, err
	}
	if f.Name, err = text(in, "MetricName"); err != nil {
		return f, since, err
	}
	active, err := text(in, "RecentlyActive")
	if err != nil {
		return f, since, err
	}
	since = s.now().Add(-listed)
	switch active {
	case "":
	case "PT3H":
		since = s.now().Add(-recent)
	default:
		return f, since, faultOf(errValue, "The parameter RecentlyActive must be PT3H.")
	}
	given, err := structures(in, "Dimensions", dimensionsMost)
	if err != nil {
		return f, since, err
	}
	for _, one := range given {
		var d metrics.Dimension
		if d.Name, err = needed(one, "Name"); err != nil {
			return f, since, named(err, "Dimensions")
		}
		if d.Value, err = text(one, "Value"); err != nil { // "" is any
			return f, since, named(err, "Dimensions")
		}
		f.Dimensions = append(f.Dimensions, d)
	}
	return f, since, nil
}

func (s *Service) getMetricStatistics(ctx context.Context, in tree) (tree, error) {
	q, err := s.statisticsQuery(in)
	if err != nil {
		return nil, err
	}
	statistics, err := texts(in, "Statistics", statisticsMost)
	if err != nil {
		return nil, err
	}
	extended, err := texts(in, "ExtendedStatistics", 10)
	switch {
	case err != nil:
		return nil, err
	case len(extended) > 0:
		return nil, faultOf(errCombination, "ExtendedStatistics are not kept here: ask for Average, Sum, Minimum, Maximum or SampleCount.")
	case len(statistics) == 0:
		return nil, faultOf(errMissing, "The parameter Statistics is required.")
	}
	for _, name := range statistics {
		if statisticBy[name] == nil {
			return nil, faultOf(errValue, "The parameter Statistics must have Average, Sum, Minimum, Maximum or SampleCount, not %q.", name)
		}
	}
	points, err := s.read(ctx, q)
	if err != nil {
		return nil, err
	}
	data := make([]any, len(points))
	for i, p := range points {
		one := tree{"Timestamp": p.At, "Unit": q.series.Unit()}
		for _, name := range statistics {
			one[name] = statisticBy[name](p)
		}
		data[i] = one
	}
	return tree{"Label": q.series.Name, "Datapoints": data}, nil
}

// statisticsQuery is what GetMetricStatistics asks for.
func (s *Service) statisticsQuery(in tree) (q query, err error) {
	if err := q.metric(in); err != nil {
		return q, err
	}
	if err := q.span(in); err != nil {
		return q, err
	}
	if err := q.resolution(in); err != nil {
		return q, err
	}
	if q.unit, err = text(in, "Unit"); err != nil {
		return q, err
	}
	if n := q.to.Sub(q.from) / q.period; n > pointsMost {
		return q, faultOf(errCombination, "You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, pointsMost)
	}
	return q, nil
}

// statisticBy has the statistics that a point tells.
var statisticBy = map[string]func(metrics.Point) float64{
	"Average":     func(p metrics.Point) float64 { return p.Sum / float64(p.Count) },
	"Sum":         func(p metrics.Point) float64 { return p.Sum },
	"Minimum":     func(p metrics.Point) float64 { return p.Min },
	"Maximum":     func(p metrics.Point) float64 { return p.Max },
	"SampleCount": func(p metrics.Point) float64 { return float64(p.Count) },
}

func dimensionsOf(s metrics.Series) []any {
	all := make([]any, len(s.Dimensions))
	for i, d := range s.Dimensions {
		all[i] = tree{"Name": d.Name, "Value": d.Value}
	}
	return all
}

// compare orders series: pages need an order.
func compare(a, b metrics.Series) int {
	return strings.Compare(line(a), line(b))
}

func line(s metrics.Series) string {
	parts := []string{s.Namespace, s.Name}
	for _, d := range s.Dimensions {
		parts = append(parts, d.Name, d.Value)
	}
	return strings.Join(parts, "\x00")
}
