package cloudwatch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"

	"ladderd/control/metrics"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// kept is a Source of a few series, of which each has a point in each second of ten minutes
// from noon on: its number.
type kept struct{ series []metrics.Series }

func (k kept) List(_ context.Context, f metrics.Filter, since time.Time) (list []metrics.Series, err error) {
	for _, s := range k.series {
		if f.Namespace != "" && s.Namespace != f.Namespace || f.Name != "" && s.Name != f.Name || since.After(noon.Add(10*time.Minute)) {
			continue
		}
		if slices.ContainsFunc(f.Dimensions, func(want metrics.Dimension) bool {
			return !slices.ContainsFunc(s.Dimensions, func(d metrics.Dimension) bool {
				return d.Name == want.Name && (want.Value == "" || want.Value == d.Value)
			})
		}) {
			continue
		}
		list = append(list, s)
	}
	return list, nil
}

func (k kept) Read(_ context.Context, s metrics.Series, from, to time.Time, period time.Duration) (points []metrics.Point, err error) {
	if !slices.ContainsFunc(k.series, func(o metrics.Series) bool { return compare(o, s) == 0 }) {
		return nil, nil
	}
	for i := range 600 {
		at := noon.Add(time.Duration(i) * time.Second)
		if at.Before(from) || !at.Truncate(period).Before(to) {
			continue
		}
		value := float64(i)
		if n := len(points); n > 0 && points[n-1].At.Equal(at.Truncate(period)) {
			p := &points[n-1]
			p.Sum, p.Max, p.Count = p.Sum+value, value, p.Count+1
			continue
		}
		points = append(points, metrics.Point{At: at.Truncate(period), Sum: value, Min: value, Max: value, Count: 1})
	}
	return points, nil
}

func bitrateOf(channel string) metrics.Series {
	return metrics.Series{Namespace: metrics.IVS, Name: "IngestBitrate", Dimensions: []metrics.Dimension{{Name: "Channel", Value: channel}}}
}

var some = kept{[]metrics.Series{
	bitrateOf("a"), bitrateOf("b"),
	{Namespace: metrics.IVS, Name: "ConcurrentViews"},
	{Namespace: metrics.Usage, Name: "ResourceCount", Dimensions: []metrics.Dimension{{Name: "Class", Value: "None"}, {Name: "Resource", Value: "ConcurrentViews"}, {Name: "Service", Value: "IVS"}, {Name: "Type", Value: "Resource"}}},
}}

// serve answers as control does, without asking who calls.
func serve(t *testing.T, source Source) string {
	t.Helper()
	service := New(source, func() time.Time { return noon.Add(20 * time.Minute) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		call := service.Call(r, body)
		if call == nil {
			http.NotFound(w, r)
			return
		}
		if err := call.Do(r.Context()); err != nil {
			call.Refuse(w, "some-id", err)
			return
		}
		call.Answer(w, "some-id")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func client(t *testing.T, source Source) *cloudwatch.Client {
	t.Helper()
	return cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: aws.String(serve(t, source)), Region: "local", RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE0000000001", SecretAccessKey: "s"}, nil
		}),
	})
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSDKListsMetrics(t *testing.T) {
	c := client(t, some)
	all := must[*cloudwatch.ListMetricsOutput](t)(c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{}))
	if len(all.Metrics) != 4 || all.NextToken != nil || *all.Metrics[0].MetricName != "ConcurrentViews" || len(all.Metrics[0].Dimensions) != 0 {
		t.Errorf("%+v", all)
	}
	of := must[*cloudwatch.ListMetricsOutput](t)(c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/IVS"), MetricName: aws.String("IngestBitrate"), RecentlyActive: types.RecentlyActivePt3h,
		Dimensions: []types.DimensionFilter{{Name: aws.String("Channel"), Value: aws.String("b")}},
	}))
	if len(of.Metrics) != 1 || *of.Metrics[0].Dimensions[0].Value != "b" || *of.Metrics[0].Namespace != "AWS/IVS" {
		t.Errorf("%+v", of.Metrics)
	}
	var many kept
	for i := range 1203 {
		many.series = append(many.series, bitrateOf(time.Duration(i).String()))
	}
	pages, found := cloudwatch.NewListMetricsPaginator(client(t, many), &cloudwatch.ListMetricsInput{}), map[string]bool{}
	for pages.HasMorePages() {
		for _, m := range must[*cloudwatch.ListMetricsOutput](t)(pages.NextPage(t.Context())).Metrics {
			found[*m.Dimensions[0].Value] = true
		}
	}
	if len(found) != 1203 {
		t.Errorf("%d of 1203 are on the pages", len(found))
	}
}

func dataInput(queries ...types.MetricDataQuery) *cloudwatch.GetMetricDataInput {
	return &cloudwatch.GetMetricDataInput{StartTime: aws.Time(noon.Add(-time.Minute)), EndTime: aws.Time(noon.Add(2 * time.Minute)), MetricDataQueries: queries}
}

func dataQueryFor(id, stat string, period int32) types.MetricDataQuery {
	return types.MetricDataQuery{Id: aws.String(id), MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String("AWS/IVS"), MetricName: aws.String("IngestBitrate"), Dimensions: []types.Dimension{{Name: aws.String("Channel"), Value: aws.String("a")}}},
		Period: aws.Int32(period), Stat: aws.String(stat),
	}}
}

func TestSDKGetsMetricData(t *testing.T) {
	c := client(t, some)
	in := dataInput(dataQueryFor("avg", "Average", 60), dataQueryFor("most", "Maximum", 60), dataQueryFor("n", "SampleCount", 60))
	in.MetricDataQueries[1].Label, in.MetricDataQueries[2].ReturnData = aws.String("the most"), aws.Bool(false)
	out := must[*cloudwatch.GetMetricDataOutput](t)(c.GetMetricData(t.Context(), in))
	if len(out.MetricDataResults) != 2 {
		t.Fatalf("%+v", out)
	}
	first, second := out.MetricDataResults[0], out.MetricDataResults[1]
	if *first.Id != "avg" || *first.Label != "IngestBitrate" || first.StatusCode != types.StatusCodeComplete || *second.Label != "the most" {
		t.Errorf("%+v and %+v", first, second)
	}
	if !slices.Equal(first.Values, []float64{89.5, 29.5}) || !first.Timestamps[0].Equal(noon.Add(time.Minute)) || !slices.Equal(second.Values, []float64{119, 59}) {
		t.Errorf("%v at %v, %v", first.Values, first.Timestamps, second.Values)
	}
	pages := cloudwatch.NewGetMetricDataPaginator(c, &cloudwatch.GetMetricDataInput{
		StartTime: in.StartTime, EndTime: in.EndTime, ScanBy: types.ScanByTimestampAscending, MaxDatapoints: aws.Int32(50),
		MetricDataQueries: []types.MetricDataQuery{dataQueryFor("a", "Sum", 1), dataQueryFor("b", "Sum", 5)},
	})
	got := map[string][]float64{}
	for pages.HasMorePages() {
		for _, r := range must[*cloudwatch.GetMetricDataOutput](t)(pages.NextPage(t.Context())).MetricDataResults {
			got[*r.Id] = append(got[*r.Id], r.Values...)
		}
	}
	if len(got["a"]) != 120 || got["a"][119] != 119 || len(got["b"]) != 24 || got["b"][1] != 5+6+7+8+9 {
		t.Errorf("%v", got)
	}
	none := dataQueryFor("none", "Sum", 60)
	none.MetricStat.Unit = types.StandardUnitSeconds
	out = must[*cloudwatch.GetMetricDataOutput](t)(c.GetMetricData(t.Context(), dataInput(none)))
	if len(out.MetricDataResults) != 1 || len(out.MetricDataResults[0].Values) != 0 {
		t.Errorf("of another unit: %+v", out.MetricDataResults)
	}
}

func TestSDKGetsMetricStatistics(t *testing.T) {
	out := must[*cloudwatch.GetMetricStatisticsOutput](t)(client(t, some).GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/IVS"), MetricName: aws.String("IngestBitrate"), Dimensions: []types.Dimension{{Name: aws.String("Channel"), Value: aws.String("a")}},
		StartTime: aws.Time(noon), EndTime: aws.Time(noon.Add(time.Minute)), Period: aws.Int32(30),
		Statistics: []types.Statistic{types.StatisticAverage, types.StatisticMinimum, types.StatisticSampleCount},
	}))
	if *out.Label != "IngestBitrate" || len(out.Datapoints) != 2 {
		t.Fatalf("%+v", out)
	}
	p := out.Datapoints[1]
	if *p.Average != 44.5 || *p.Minimum != 30 || *p.SampleCount != 30 || p.Maximum != nil || p.Unit != types.StandardUnitBitsSecond || !p.Timestamp.Equal(noon.Add(30*time.Second)) {
		t.Errorf("%+v", p)
	}
}

func TestSDKIsToldWhatIsWrong(t *testing.T) {
	c := client(t, some)
	data := func(change func(*types.MetricDataQuery)) func() error {
		q := dataQueryFor("q", "Sum", 60)
		change(&q)
		return func() error { _, err := c.GetMetricData(t.Context(), dataInput(q)); return err }
	}
	for name, bad := range map[string]struct {
		do   func() error
		want string
	}{
		"a percentile":  {data(func(q *types.MetricDataQuery) { q.MetricStat.Stat = aws.String("p99") }), "ValidationError"},
		"an expression": {data(func(q *types.MetricDataQuery) { q.MetricStat, q.Expression = nil, aws.String("m1*2") }), "ValidationError"},
		"a bad id":      {data(func(q *types.MetricDataQuery) { q.Id = aws.String("Q") }), "ValidationError"},
		"a bad period":  {data(func(q *types.MetricDataQuery) { q.MetricStat.Period = aws.Int32(7) }), "InvalidParameterValue"},
		"twice the id": {func() error {
			_, err := c.GetMetricData(t.Context(), dataInput(dataQueryFor("q", "Sum", 60), dataQueryFor("q", "Sum", 60)))
			return err
		}, "ValidationError"},
		"a bad token": {func() error {
			_, err := c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{NextToken: aws.String("?")})
			return err
		}, "InvalidNextToken"},
		"too many points": {func() error {
			_, err := c.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
				Namespace: aws.String("AWS/IVS"), MetricName: aws.String("x"), StartTime: aws.Time(noon.Add(-time.Hour)), EndTime: aws.Time(noon), Period: aws.Int32(1),
				Statistics: []types.Statistic{types.StatisticSum},
			})
			return err
		}, "InvalidParameterCombination"},
		"no statistics": {func() error {
			_, err := c.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
				Namespace: aws.String("AWS/IVS"), MetricName: aws.String("x"), StartTime: aws.Time(noon), EndTime: aws.Time(noon.Add(-time.Hour)), Period: aws.Int32(60),
			})
			return err
		}, "InvalidParameterValue"},
		"an operation that is not here": {func() error {
			_, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
			return err
		}, "InvalidAction"},
	} {
		err := bad.do()
		var said smithy.APIError
		if !errors.As(err, &said) || said.ErrorCode() != bad.want || said.ErrorMessage() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
