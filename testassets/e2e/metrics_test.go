package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"ladderd/control/metrics"
	"ladderd/ladder"
	"ladderd/testassets/awssdk"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// measured is broadcast in a loop, which takes as many whole seconds as it has.
var measured = publish.Clip{Name: "measured", Width: 320, Height: 180, Rate: "30", Seconds: 8, Bitrate: 500_000, GOP: 2}

// compared is for how many seconds the broadcast is compared with the clip: whole loops, of which a
// busy machine may move some pictures into the next second.
var compared = 2 * measured.Seconds

// TestStockToolsReadTheMetricsOfABroadcast publishes a clip in a loop and asks the AWS CLI, and
// the AWS SDK for Go beside it, what was measured: over whole loops that is what the clip has.
func TestStockToolsReadTheMetricsOfABroadcast(t *testing.T) {
	t.Parallel()
	file := clip(t, measured)
	useCPU(t, 2*passing)
	began := time.Now().Truncate(time.Minute)
	d := startDaemonWith(t, daemon.Settings{API: true, Channels: []daemon.Channel{channel(daemon.Channel{Type: ladder.Basic})}})
	b := &broadcastMetrics{t: t, began: began, cli: awsCLI{d, "cloudwatch"}}
	b.sdk, b.close = awssdk.CloudWatch(d.API(), daemon.Region, aws.Credentials{AccessKeyID: daemon.AccessKey, SecretAccessKey: daemon.SecretKey})
	t.Cleanup(b.close)
	if got := b.points(); got != 0 {
		t.Errorf("there are %d points of a channel that was never live", got)
	}

	p, err := publish.FFmpegLoop(d.RTMP(streamKey), file)
	stopAtEnd(t, p, err)
	awaitOrFail(t, within(t, time.Minute), "the bit rates of some loops", func() (bool, error) {
		return b.points() >= compared+3, nil // those at the ends are of parts of seconds
	}, func() string { return fmt.Sprint(b.points(), " points") })
	b.compare(ratesOf(t, file))
	b.list()
	b.statistics()
	b.cli.refused(t, "ValidationError", "get-metric-data", "--start-time", "2026-01-01", "--end-time", "2026-01-02",
		"--metric-data-queries", `[{"Id": "a", "Expression": "SUM(METRICS())"}]`)
	b.cli.refused(t, "InvalidAction", "describe-alarms")
}

// broadcastMetrics is what is measured of a broadcast.
type broadcastMetrics struct {
	t     *testing.T
	began time.Time
	cli   awsCLI
	sdk   *cloudwatch.Client
	close func()
}

// metricOf is a series as the CLI and the SDK have it. dimensions are names and values in turn.
func metricOf(namespace, name string, dimensions ...string) types.Metric {
	m := types.Metric{Namespace: aws.String(namespace), MetricName: aws.String(name)}
	for i := 0; i < len(dimensions); i += 2 {
		m.Dimensions = append(m.Dimensions, types.Dimension{Name: aws.String(dimensions[i]), Value: aws.String(dimensions[i+1])})
	}
	return m
}

// points is how many seconds have a bit rate.
func (b *broadcastMetrics) points() int {
	b.t.Helper()
	bitrate := metricOf(metrics.IVS, "IngestBitrate", "Channel", studio)
	out, err := b.sdk.GetMetricData(b.t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(b.began.Add(-time.Hour)), EndTime: aws.Time(time.Now()),
		MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("a"), MetricStat: &types.MetricStat{Metric: &bitrate, Period: aws.Int32(1), Stat: aws.String("Average")}}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(out.MetricDataResults[0].Values)
}

// asked is a query of GetMetricData and what its values must be.
type asked struct {
	id     string
	metric types.Metric
	period int
	stat   string
	want   float64
	slack  float64 // of want, in parts of 1
}

// compare reads all metrics by one call. Those of seconds are taken over loops of the clip, which
// begin anywhere in it.
func (b *broadcastMetrics) compare(clip clipRates) {
	b.t.Helper()
	list := []asked{
		{"all", metricOf(metrics.IVS, "IngestBitrate", "Channel", studio), 1, "Average", clip.video + clip.audio, 0.05},
		{"video", metricOf(metrics.IVS, "IngestVideoBitrate", "Channel", studio), 1, "Average", clip.video, 0.05},
		{"audio", metricOf(metrics.IVS, "IngestAudioBitrate", "Channel", studio), 1, "Average", clip.audio, 0.05},
		{"track", metricOf(metrics.IVS, "IngestVideoBitrate", "Channel", studio, "Track", "Track0"), 1, "Average", clip.video, 0.05},
		{"frames", metricOf(metrics.IVS, "IngestFramerate", "Channel", studio), 1, "Average", 30, 0.05},
		{"keys", metricOf(metrics.IVS, "KeyframeInterval", "Channel", studio), 5, "Average", measured.GOP, 0.05},
		{"views", metricOf(metrics.IVS, "ConcurrentViews", "Channel", studio), 60, "Maximum", 0, 0},
		{"everyone", metricOf(metrics.IVS, "ConcurrentViews"), 60, "Maximum", 0, 0},
		{"streams", metricOf(metrics.IVS, "ConcurrentStreams"), 60, "Maximum", 1, 0},
		{"usage", metricOf(metrics.Usage, "ResourceCount", "Class", "None", "Resource", "ConcurrentStreams", "Service", "IVS", "Type", "Resource"), 60, "Maximum", 1, 0},
	}
	answer := b.cli.run(b.t, "get-metric-data", "--scan-by", "TimestampAscending", "--metric-data-queries", queriesOf(b.t, list),
		"--start-time", b.began.Add(-time.Hour).Format(time.RFC3339), "--end-time", time.Now().Add(time.Second).Format(time.RFC3339))
	results := answer.at("MetricDataResults")
	if len(results) != len(list) {
		b.t.Fatalf("%d results of %d queries: %s", len(results), len(list), answer)
	}
	for i, q := range list {
		b.compareOne(q, results[i].(map[string]any))
	}
}

func (b *broadcastMetrics) compareOne(q asked, result answer) {
	b.t.Helper()
	times, values := result.at("Timestamps"), result.at("Values")
	if result.text(b.t, "Id") != q.id || result.text(b.t, "StatusCode") != "Complete" || len(values) == 0 || len(times) != len(values) {
		b.t.Errorf("%s: %s", q.id, result)
		return
	}
	if first := momentOf(b.t, times[0]); first.Before(b.began) {
		b.t.Errorf("%s: there is a point of %v, and the stream began after %v", q.id, first, b.began)
	}
	if q.period == 1 {
		values = values[1:min(1+compared, len(values))] // the first second is a part of one
	}
	sum := 0.0
	for _, v := range values {
		sum += v.(float64)
	}
	got := sum / float64(len(values))
	b.t.Logf("%s: %.6g, and by the clip %.6g", q.id, got, q.want)
	if math.Abs(got-q.want) > q.slack*q.want {
		b.t.Errorf("%s is %g, and %g was wanted: %v", q.id, got, q.want, values)
	}
}

// queriesOf is what --metric-data-queries takes.
func queriesOf(t *testing.T, list []asked) string {
	t.Helper()
	var queries []map[string]any
	for _, q := range list {
		queries = append(queries, map[string]any{"Id": q.id, "MetricStat": map[string]any{"Metric": map[string]any{
			"Namespace": q.metric.Namespace, "MetricName": q.metric.MetricName, "Dimensions": append([]types.Dimension{}, q.metric.Dimensions...),
		}, "Period": q.period, "Stat": q.stat}})
	}
	text, err := json.Marshal(queries)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// momentOf is a time as the AWS CLI prints it, which goes by its version.
func momentOf(t *testing.T, v any) time.Time {
	t.Helper()
	if seconds, is := v.(float64); is {
		return time.Unix(int64(seconds), 0)
	}
	at, err := time.Parse(time.RFC3339, fmt.Sprint(v))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// list is the guide's own example (line 2331).
func (b *broadcastMetrics) list() {
	b.t.Helper()
	answer := b.cli.run(b.t, "list-metrics", "--namespace", metrics.IVS)
	listed := map[string]int{}
	for _, name := range answer.at("Metrics.MetricName") {
		listed[name.(string)]++
	}
	for name, least := range map[string]int{
		"IngestBitrate": 1, "IngestVideoBitrate": 2, "IngestAudioBitrate": 2, "IngestFramerate": 2, "KeyframeInterval": 2,
		"ConcurrentViews": 2, "ConcurrentStreams": 2, "LiveInputTime": 2,
	} {
		if listed[name] < least {
			b.t.Errorf("%s is listed %d times, and at least %d was wanted: %s", name, listed[name], least, answer)
		}
	}
	if listed["ResourceCount"] > 0 {
		b.t.Error("a metric of another namespace is listed")
	}
}

// statistics reads a frame rate over minutes.
func (b *broadcastMetrics) statistics() {
	b.t.Helper()
	answer := b.cli.run(b.t, "get-metric-statistics", "--namespace", metrics.IVS, "--metric-name", "IngestFramerate",
		"--dimensions", "Name=Channel,Value="+studio, "--period", "60", "--statistics", "Average", "SampleCount", "--unit", "Count/Second",
		"--start-time", b.began.Format(time.RFC3339), "--end-time", time.Now().Add(time.Minute).Format(time.RFC3339))
	seconds := 0.0
	for _, n := range answer.at("Datapoints.SampleCount") {
		seconds += n.(float64)
	}
	if unit := answer.all("Datapoints.Unit"); seconds < float64(compared) || !strings.HasPrefix(unit, "Count/Second") {
		b.t.Errorf("%s", answer)
	}
}

// clipRates is what a clip has, in bits per second.
type clipRates struct{ video, audio float64 }

// ratesOf adds up a clip's packets.
func ratesOf(t *testing.T, file string) clipRates {
	t.Helper()
	sum := func(stream string) float64 {
		out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=size", "-of", "csv=p=0", file).Output()
		if err != nil {
			t.Fatal(err)
		}
		bytes := 0
		for line := range strings.FieldsSeq(string(out)) {
			n, err := strconv.Atoi(strings.Trim(line, ","))
			if err != nil {
				t.Fatal(err)
			}
			bytes += n
		}
		return float64(8*bytes) / float64(measured.Seconds)
	}
	return clipRates{video: sum("v"), audio: sum("a")}
}
