package cloudwatch

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asked sends a request as it is and returns the answer.
func asked(t *testing.T, header map[string]string, path, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, serve(t, some)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(said)
}

var form = map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

// As tools before 2025 ask, Debian 12's AWS CLI among them.
func TestQueryProtocol(t *testing.T) {
	const data = "Action=GetMetricData&Version=2010-08-01&MetricDataQueries.member.1.Id=a&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS%2FIVS" +
		"&MetricDataQueries.member.1.MetricStat.Metric.MetricName=IngestBitrate&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=Channel" +
		"&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=a&MetricDataQueries.member.1.MetricStat.Period=60" +
		"&MetricDataQueries.member.1.MetricStat.Stat=Average&StartTime=2026-01-02T12%3A00%3A00Z&EndTime=2026-01-02T12%3A02%3A00Z"
	status, header, body := asked(t, form, "/", data)
	want := `<GetMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><GetMetricDataResult><Messages></Messages><MetricDataResults><member>` +
		`<Id>a</Id><Label>IngestBitrate</Label><StatusCode>Complete</StatusCode>` +
		`<Timestamps><member>2026-01-02T12:01:00Z</member><member>2026-01-02T12:00:00Z</member></Timestamps><Values><member>89.5</member><member>29.5</member></Values>` +
		`</member></MetricDataResults></GetMetricDataResult><ResponseMetadata><RequestId>some-id</RequestId></ResponseMetadata></GetMetricDataResponse>`
	if status != 200 || header.Get("Content-Type") != "text/xml" || body != want {
		t.Errorf("%d %s\n%s", status, header, body)
	}
	_, _, body = asked(t, form, "/", "Action=ListMetrics&Version=2010-08-01&Namespace=AWS%2FIVS&Dimensions.member.1.Name=Channel&Dimensions.member.1.Value=b")
	if !strings.Contains(body, "<Metrics><member><Dimensions><member><Name>Channel</Name><Value>b</Value></member></Dimensions><MetricName>IngestBitrate</MetricName><Namespace>AWS/IVS</Namespace></member></Metrics>") {
		t.Error(body)
	}
	_, _, body = asked(t, form, "/", "Action=ListMetrics&Version=2010-08-01&MetricName=ConcurrentViews&Dimensions=")
	if !strings.Contains(body, "<MetricName>ConcurrentViews</MetricName>") {
		t.Error(body)
	}
	_, _, body = asked(t, form, "/", "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FIVS&MetricName=ConcurrentViews&StartTime=2026-01-02T12:00:00&EndTime=2026-01-02T12:01:00&Period=60&Statistics.member.1=Maximum")
	if !strings.Contains(body, "<Datapoints><member><Maximum>59</Maximum><Timestamp>2026-01-02T12:00:00Z</Timestamp><Unit>Count</Unit></member></Datapoints>") {
		t.Error(body)
	}
}

func TestQueryProtocolTellsErrors(t *testing.T) {
	const metric = "Version=2010-08-01&Action=ListMetrics&"
	for body, want := range map[string]string{
		"Version=2010-08-01&Action=PutMetricData":               "InvalidAction",
		"Version=2010-08-01&Action=GetMetricData":               "MissingParameter",
		metric + "Dimensions.member.0.Name=x":                   "MalformedInput",
		metric + "Dimensions.member.1.Name=x&Dimensions=y":      "MalformedInput",
		metric + "Dimensions.member.1.Name=x&Dimensions.Name=y": "InvalidParameterValue",
		metric + "Dimensions.member.1.Value=x":                  "MissingParameter",
		metric + "Namespace.member.1=x":                         "InvalidParameterValue",
		metric + "Dimensions=x":                                 "InvalidParameterValue",
		metric + "Namespace=a&Namespace=b":                      "MalformedInput",
		metric + strings.Repeat("a.", depthMost+1) + "a=b":      "MalformedInput",
		metric + "RecentlyActive=PT1H":                          "InvalidParameterValue",
	} {
		status, _, said := asked(t, form, "/", body)
		var e struct {
			Error struct{ Type, Code, Message string }
			ID    string `xml:"RequestId"`
		}
		if err := xml.Unmarshal([]byte(said), &e); err != nil || status < 400 || e.Error.Code != want || e.Error.Type != "Sender" || e.Error.Message == "" || e.ID != "some-id" {
			t.Errorf("%s: %d %s, want %s", body, status, said, want)
		}
	}
}

func TestJSONProtocol(t *testing.T) {
	target := func(name string) map[string]string {
		return map[string]string{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "GraniteServiceVersion20100801." + name}
	}
	status, header, body := asked(t, target("GetMetricStatistics"), "/", `{"Namespace": "AWS/IVS", "MetricName": "ConcurrentViews", "StartTime": 1767355200, "EndTime": 1767355260.5, "Period": 60, "Statistics": ["Sum"]}`)
	var got, want any
	_ = json.Unmarshal([]byte(`{"Label": "ConcurrentViews", "Datapoints": [{"Timestamp": 1767355200, "Unit": "Count", "Sum": 1770}, {"Timestamp": 1767355260, "Unit": "Count", "Sum": 5370}]}`), &want)
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || header.Get("Content-Type") != "application/x-amz-json-1.0" || !cmp.Equal(got, want) {
		t.Errorf("%d %v %s", status, err, body)
	}
	_, _, body = asked(t, target("GetMetricData"), "/", `{"MetricDataQueries": [{"Id": "a", "ReturnData": false, "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}], "StartTime": 1, "EndTime": 2}`)
	if !strings.Contains(body, `"MetricDataResults":[]`) {
		t.Errorf("where nothing is to be returned: %s", body)
	}
	for in, code := range map[string]string{
		"{":                        "SerializationException",
		"{} {}":                    "SerializationException",
		`[]`:                       "SerializationException",
		`{"Namespace": 1}`:         "InvalidParameterValueException",
		`{"Namespace": "AWS/IVS"}`: "MissingRequiredParameterException",
		`{"Namespace": "n", "MetricName": "m", "StartTime": -1}`:                                                           "InvalidParameterValueException",
		`{"Namespace": "n", "MetricName": "m", "StartTime": 1, "EndTime": 2, "Period": 1.5}`:                               "InvalidParameterValueException",
		`{"Namespace": "n", "MetricName": "m", "StartTime": 1, "EndTime": 2, "Period": 60, "Dimensions": [{"Name": "x"}]}`: "MissingRequiredParameterException",
	} {
		status, header, body := asked(t, target("GetMetricStatistics"), "/", in)
		var e struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil || status != 400 || e.Type != "com.amazonaws.cloudwatch#"+code || e.Message == "" || header.Get("X-Amzn-Query-Error") == "" {
			t.Errorf("%s: %d %s", in, status, body)
		}
	}
}

// What is the control API's own is none of CloudWatch's.
func TestOthersRequestsAreLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		header     map[string]string
		path, body string
	}{
		"the control API":   {nil, "/ListChannels", "{}"},
		"another service":   {map[string]string{"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "/", "{}"},
		"another version":   {form, "/", "Action=ListMetrics&Version=2011-01-01"},
		"another's path":    {form, "/tags/x", "Action=ListMetrics&Version=2010-08-01"},
		"another's service": {nil, "/service/Other/operation/ListMetrics", ""},
	} {
		if status, _, _ := asked(t, c.header, c.path, c.body); status != http.StatusNotFound {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// FuzzRequests reads any body by each protocol and as each operation's request: it never panics, and
// whatever comes of it can be answered.
func FuzzRequests(f *testing.F) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		f.Fatalf("no recorded requests: %v", err)
	}
	for _, file := range files {
		c := recorded(f, file)
		f.Add(uint8(slices.Index(protocols, c.protocol)), c.body)
	}
	f.Add(uint8(0), []byte{0xa1, 0x69, 'N', 'a', 'm', 'e', 's', 'p', 'a', 'c', 'e', 0x61, 'x'})
	f.Add(uint8(1), []byte(`{"MetricDataQueries": [{"Id": "a", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}], "StartTime": 1, "EndTime": 99}`))
	f.Add(uint8(2), []byte("Dimensions.member.1.Name=Channel&Dimensions.member.1.Value=a&StartTime=2026-01-02&EndTime=2026-01-03&Period=60&Namespace=n&MetricName=m&Statistics.member.1=Sum"))
	service := New(some, nil)
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		p := protocols[int(which)%len(protocols)]
		for name, op := range operations {
			c := &Call{service: service, protocol: p, name: name, op: op, body: body}
			if err := c.Do(t.Context()); err == nil {
				if len(p.answer(name, "id", c.answered).body) == 0 {
					t.Error("an answer without a body")
				}
			} else if len(p.refuse("id", asFault(err)).body) == 0 {
				t.Error("a refusal without a body")
			}
		}
	})
}
