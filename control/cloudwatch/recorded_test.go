package cloudwatch

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorded is a request as a tool sent it.
func recorded(t testing.TB, file string) *Call {
	t.Helper()
	sent, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	c := New(some, nil).Call(r, body)
	if c == nil {
		t.Fatalf("%s is not for CloudWatch", file)
	}
	return c
}

// The same was asked by the AWS CLI of pip and by the SDK for JavaScript, which speak JSON, by Debian
// 12's CLI, which speaks query, and by the SDK for Go, which speaks CBOR. All are told the same.
func TestToolsOfAllAgesAskTheSame(t *testing.T) {
	for _, c := range []struct {
		file, operation string
		want            tree
	}{
		{"list-metrics", "ListMetrics", tree{"Metrics": []any{}}}, // no series was active of late
		{"get-metric-data", "GetMetricData", tree{"Messages": []any{}, "MetricDataResults": []any{
			tree{"Id": "video", "Label": "a & b", "StatusCode": "Complete", "Timestamps": []any{noon, noon.Add(minute)}, "Values": []any{29.5, 89.5}},
		}}},
		{"get-metric-statistics", "GetMetricStatistics", tree{"Label": "IngestBitrate", "Datapoints": []any{
			tree{"Timestamp": noon, "Unit": "Bits/Second", "Average": 29.5, "Maximum": 59.0},
			tree{"Timestamp": noon.Add(minute), "Unit": "Bits/Second", "Average": 89.5, "Maximum": 119.0},
		}}},
	} {
		for _, tool := range []string{"cli-1.45", "cli-2.9", "js-3.956", "go-1.57"} {
			asked := recorded(t, filepath.Join("testdata", tool+"-"+c.file+".http"))
			asked.service.now = func() time.Time { return noon.Add(recent + 20*minute) }
			if err := asked.Do(t.Context()); err != nil {
				t.Errorf("%s by %s: %v", c.file, tool, err)
			}
			if got := asked.answered; asked.Operation() != c.operation || !cmp.Equal(got, c.want) {
				t.Errorf("%s by %s: %s: %s", c.file, tool, asked.Operation(), cmp.Diff(c.want, got))
			}
		}
	}
}
