package verify

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladderd/packager"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// check verifies what an origin with a fault serves.
func check(t *testing.T, f fault) *Report {
	t.Helper()
	server := newOrigin(t, f)
	clock := &fakeClock{}
	server.Config.Handler.(*origin).clock = clock
	url := server.URL + top
	if f.url != "" {
		url = server.URL + f.url
	}
	report, err := run(t.Context(), url, Options{Duration: 6 * time.Second, Insecure: f.tls}, clock)
	if err != nil && f.answer == nil {
		t.Fatal(err)
	}
	return report
}

func TestNothingIsFoundInCleanStreams(t *testing.T) {
	container := func(c packager.Container, l packager.Latency) func(*packager.Options) {
		return func(o *packager.Options) { o.Container, o.Latency = c, l }
	}
	for _, c := range []struct {
		name, kind string
		fault      fault
	}{
		{"low latency in fMP4", "low latency", fault{options: container(packager.FMP4, packager.Low)}},
		{"low latency in TS", "low latency", fault{options: container(packager.TS, packager.Low)}},
		{"plain in fMP4", "live", fault{options: container(packager.FMP4, packager.Normal)}},
		{"plain in TS", "live", fault{options: container(packager.TS, packager.Normal)}},
		{"by HTTP/2", "low latency", fault{tls: true, http2: true}},
		{"after the end", "on demand", fault{ended: true}},
		{"behind redirects", "low latency", fault{moved: true, url: movedTop}},
		{"with all that is optional", "low latency", rich()},
		{"a media playlist", "low latency", fault{url: prefix + names[0] + "/index.m3u8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := check(t, c.fault)
			for _, f := range r.Findings {
				t.Errorf("%+v", f)
			}
			if r.Kind != c.kind || r.Checked.Segments < 6 && c.fault.url == "" || r.Checked.Media < 6 {
				t.Errorf("checked as %s: %+v", r.Kind, r.Checked)
			}
		})
	}
}
