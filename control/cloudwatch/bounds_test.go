package cloudwatch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"ladderd/control/metrics"
)

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

// ranged is a Source that notes what is read of it.
type ranged struct {
	kept
	from, to time.Time // zero where nothing was read
}

func (r *ranged) Read(_ context.Context, _ metrics.Series, from, to time.Time, _ time.Duration) ([]metrics.Point, error) {
	r.from, r.to = from, to
	return nil, nil
}

// CloudWatch has no data of a period that is finer than what is kept of that age, and nobody has
// the store look through times of which there can be none.
func TestWhatIsReadIsWithinWhatIsKept(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		period   time.Duration
		from, to time.Duration // before now
		want     string        // from and to that are read, "" for nothing
	}{
		{time.Second, time.Hour, 0, "04:06:07 05:06:07"},
		{time.Second, 4 * time.Hour, 0, "02:06:07 05:06:07"},
		{time.Second, 5 * time.Hour, 4 * time.Hour, ""},
		{5 * time.Second, time.Hour, 0, "04:06:05 05:06:07"},
		{30 * time.Second, 4 * time.Hour, 0, "02:06:30 05:06:07"},
		{minute, 4 * time.Hour, 0, "01:06:00 05:06:07"},
		{minute, 16 * day, 15*day - time.Hour, "05:07:00 06:06:07"},
		{2 * minute, 64 * day, 0, "05:08:00 05:06:07"},
		{5 * minute, 64 * day, 0, "05:10:00 05:06:07"},
		{7 * minute, 4 * time.Hour, 0, "01:01:00 05:06:07"},
		{time.Hour, 400 * day, 399 * day, "05:00:00 05:06:07"},
		{time.Hour, 500 * day, 0, "06:00:00 05:06:07"},
		{time.Hour, 500 * day, 480 * day, ""},
		{minute, 0, -10000 * day, "05:06:00 07:06:07"},
		{minute, -3 * time.Hour, -4 * time.Hour, ""},
	} {
		source := &ranged{}
		q := query{series: bitrateOf("a"), from: now.Add(-c.from), to: now.Add(-c.to), period: c.period}
		if _, err := New(source, func() time.Time { return now }).read(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		got := ""
		if !source.from.IsZero() {
			got = source.from.Format(time.TimeOnly) + " " + source.to.Format(time.TimeOnly)
		}
		if got != c.want {
			t.Errorf("%v from %v to %v ago: %q, want %q", c.period, c.from, c.to, got, c.want)
		}
	}
}

// What comes while the pages are read is told once, and shifts nothing.
func TestPagesGoOnBehindWhatWasTold(t *testing.T) {
	body := func(token string) []byte {
		in := map[string]any{
			"StartTime": noon.Unix(), "EndTime": noon.Add(10 * minute).Unix(), "MaxDatapoints": 4,
			"MetricDataQueries": []any{dataQueryOfTree("x"), dataQueryOfTree("y")},
		}
		if token != "" {
			in["NextToken"] = token
		}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	now := noon.Add(5 * minute)
	source := &growing{now: &now}
	var got []string
	token := ""
	for range 10 {
		c := &Call{service: New(source, func() time.Time { return now }), protocol: jsonProtocol{}, name: "GetMetricData", op: operations["GetMetricData"], body: body(token)}
		if err := c.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, r := range c.answered["MetricDataResults"].([]any) {
			one := r.(tree)
			for _, at := range one["Timestamps"].([]any) {
				got = append(got, one["Id"].(string)+at.(time.Time).Format("04"))
			}
			got = append(got, one["StatusCode"].(string))
		}
		now = now.Add(minute) // a point more, the newest
		var more bool
		if token, more = c.answered["NextToken"].(string); !more {
			break
		}
	}
	const want = "x04 x03 x02 x01 PartialData x00 Complete y05 y04 y03 PartialData y02 y01 y00 Complete"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("\n%s, and\n%s was wanted", s, want)
	}
}

// growing has a point in each minute from noon to now.
type growing struct {
	kept
	now *time.Time
}

func (g *growing) Read(_ context.Context, _ metrics.Series, from, to time.Time, _ time.Duration) (points []metrics.Point, err error) {
	for at := noon; at.Before(*g.now); at = at.Add(minute) {
		if !at.Before(from) && at.Before(to) {
			points = append(points, metrics.Point{At: at, Count: 1})
		}
	}
	return points, nil
}

func dataQueryOfTree(id string) tree {
	return tree{"Id": id, "MetricStat": tree{"Metric": tree{"Namespace": "AWS/IVS", "MetricName": "IngestBitrate"}, "Period": 60, "Stat": "Sum"}}
}

// Tokens are read strictly: one of another operation begins nowhere.
func TestTokensOfOthersAreRefused(t *testing.T) {
	for _, token := range []string{"?", metricsToken("x"), dataToken(place{query: 2}), dataToken(place{query: -1}), "ZA", "ZDA", "ZDAgeA"} {
		if _, err := dataPlace(tree{"NextToken": token}, 2); !isFault(err, "InvalidNextToken") {
			t.Errorf("%s: %v", token, err)
		}
	}
	if _, err := metricsBehind(tree{"NextToken": dataToken(place{})}); !isFault(err, "InvalidNextToken") {
		t.Error(err)
	}
}

func isFault(err error, code string) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}

// CBOR can say what no other protocol can.
func TestCBORThatIsNoRequest(t *testing.T) {
	for what, v := range map[string]any{
		"not a number":  tree{"Period": math.NaN()},
		"infinity":      tree{"Period": float32(math.Inf(1))},
		"a number":      7,
		"bytes":         tree{"Namespace": []byte("x")},
		"a number name": map[any]any{7: "x"},
		"a tag":         tree{"StartTime": cbor.Tag{Number: 99, Content: "x"}},
	} {
		body, err := cbor.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := (cborProtocol{}).read(body); err == nil {
			t.Errorf("%s is read as %v", what, got)
		}
	}
	deep := append(bytes.Repeat([]byte{0xa1, 0x61, 'a'}, 1000), 0xa0)
	long := append([]byte{0xa1, 0x61, 'a', 0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0x01)
	for _, body := range [][]byte{deep, long} {
		if _, err := (cborProtocol{}).read(body); err == nil {
			t.Errorf("%.20x is read", body)
		}
	}
}

// Times are those of the years 1970 to 9999, in whatever form: others cannot be written down.
func TestTimesThatAreNone(t *testing.T) {
	for _, v := range []any{
		-1.0, 1e18, math.MaxFloat64, int64(math.MaxInt64), "1e18", "0001-01-01", "x", "", true,
		time.Unix(1<<40, 0), time.Time{},
	} {
		if got, err := moment(tree{"T": v}, "T"); !isFault(err, "InvalidParameterValue") {
			t.Errorf("%v is %v, %v", v, got, err)
		}
	}
	for _, v := range []any{
		1767355200.0, int64(1767355200), "1767355200", noon, noon.In(time.FixedZone("", 7200)),
		"2026-01-02T12:00:00Z", "2026-01-02T14:00:00+02:00", "2026-01-02T12:00:00", "2026-01-02T12:00", "2026-01-02T12:00:00.000Z", "2026-01-02T12:00Z",
	} {
		if got, err := moment(tree{"T": v}, "T"); err != nil || !got.Equal(noon) {
			t.Errorf("%v is %v, %v", v, got, err)
		}
	}
}

// Who is not let in is told so by the names of each protocol.
func TestRefusalsOfTheAPIHaveTheirNames(t *testing.T) {
	for _, c := range []struct{ code, query, header string }{
		{"AccessDeniedException", "<Code>AccessDenied</Code>", "AccessDenied;Sender"},
		{"ThrottlingException", "<Code>Throttling</Code>", "Throttling;Sender"},
		{"InvalidSignatureException", "<Code>SignatureDoesNotMatch</Code>", "SignatureDoesNotMatch;Sender"},
		{"UnrecognizedClientException", "<Code>InvalidClientTokenId</Code>", "InvalidClientTokenId;Sender"},
		{"InternalServerException", "<Type>Receiver</Type>", "InternalServiceError;Receiver"},
		{"SomethingNew", "<Code>SomethingNew</Code>", "SomethingNew;Sender"},
	} {
		for _, p := range protocols {
			w := httptest.NewRecorder()
			(&Call{protocol: p}).Refuse(w, "id", refused{c.code})
			said, header := w.Body.String(), w.Header().Get("X-Amzn-Query-Error")
			if _, query := p.(queryProtocol); query && !strings.Contains(said, c.query) || !query && header != c.header || !strings.Contains(said, "not you") {
				t.Errorf("%s by %T: %q, %s", c.code, p, header, said)
			}
			if w.Code < 400 {
				t.Errorf("%s by %T: %d", c.code, p, w.Code)
			}
		}
	}
}

// refused is what the API refuses with.
type refused struct{ code string }

func (r refused) Error() string { return r.code }

func (r refused) Told() (string, int, string) { return r.code, http.StatusTeapot, "not you" }

// A form of names without end is not made a tree of.
func TestLongFormsAreRefused(t *testing.T) {
	if _, err := (queryProtocol{}).read([]byte(strings.Repeat("a=&", partsMost+1))); err == nil {
		t.Error("it is read")
	}
}
