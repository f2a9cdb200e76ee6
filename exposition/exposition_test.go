package exposition

import (
	"flag"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"ladderd/admission"
	"ladderd/control"
	"ladderd/control/metrics"
	"ladderd/control/outbox"
	"ladderd/door"
	"ladderd/event"
	"ladderd/packager"
	"ladderd/playback"
	"ladderd/stream"
	"ladderd/testassets/happened"
)

var update = flag.Bool("update", false, "write docs/metrics.md anew")

// docs/metrics.md is what there is.
func TestDocumentIsTrue(t *testing.T) {
	const file = "../docs/metrics.md"
	if *update {
		if err := os.WriteFile(file, []byte(Document()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != Document() {
		t.Errorf("%s is not what the code says, %v: write it anew with -update", file, err)
	}
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// live is a stream with something of everything.
func live() stream.Status {
	return stream.Status{
		ID: "st-1", Channel: "studio", Since: noon, Started: true, State: stream.Live, Protocol: "SRT", Remote: "192.0.2.1:5000", Encoder: "OBS \xff",
		Takeovers: 2, IngestHealth: stream.Starving,
		Health: []stream.Finding{
			{Code: "keyframe-interval", Text: "long"}, {Code: "keyframe-interval", Text: "longer", Over: noon}, {Code: "packet-loss", Over: noon},
		},
		Link:   &stream.Link{RTT: 20, Packets: 100, Lost: 3, Retransmitted: 2, Dropped: 1, Damaged: 1},
		Total:  stream.Total{VideoBits: 8e6, AudioBits: 1e6, MessageBits: 80, Frames: 60, Media: 2},
		Ingest: stream.Statistics{KeyframeInterval: 2}, Queued: 4, Viewers: 7,
		Renditions: []string{"720p30", "360p30"}, Shed: []string{"360p30"},
		Outputs: []stream.Output{{Rendition: "720p30", Pictures: 60, Bytes: 1e6}, {Rendition: "360p30", Encoded: true, Pictures: 59, Bytes: 1e5}},
		Delays:  stream.Delays{Parts: 3, Sum: 0.6, Within: append(make([]int64, len(packager.DelayBounds)-1), 3)},
		Worker:  &stream.Worker{PID: 1, Behind: 250, Restarts: 3, Failures: map[string]int{"crashed": 2, "hung": 1}, Queued: 5, QueuedBytes: 600, Lost: 1},
		Window:  &stream.Window{Memory: 10, Disk: 20, Lost: 4, Unsaved: 5, DiskError: "full"},
	}
}

// everything are Sources with something of everything.
func everything(streams *[]stream.Status) Sources {
	until := noon.Add(time.Hour)
	return Sources{
		Version: "v1", State: func() string { return "ready" }, Stuck: func() string { return "" },
		Streams: func() []stream.Status { return *streams }, Lingering: func() stream.Lingering { return stream.Lingering{Streams: 1} },
		Admission: func() admission.Status {
			return admission.Status{
				Unseated: []string{"x"}, Leases: []admission.Lease{{Stream: "st-1", Device: "gpu0"}},
				Devices: []admission.Device{{
					ID: "gpu0", Name: "Card", Encoder: "h264_nvenc", Plan: 0.9, Leases: 1, Reserved: 1, Failures: 2, Until: &until,
					Booked: map[string]int64{"sessions": 1}, Free: map[string]int64{"sessions": 7, "memory": 5}, Limit: map[string]int64{"sessions": 8, "memory": 5},
				}},
			}
		},
		Delivered: func() []playback.Delivered {
			return []playback.Delivered{{Channel: "studio", Bytes: 1000, Media: 3 * time.Second}}
		},
		Audience: func() Audience { return Audience{7, 100, 2} },
		Listeners: func() map[string]door.Status {
			return map[string]door.Status{"viewers": {Open: 3, Refused: map[string]int64{"all places are taken": 1}}}
		},
		Certificates: func() map[string]time.Time { return map[string]time.Time{"/etc/tls.crt": until} },
		Reload:       func() (time.Time, bool) { return noon, false },
		Receivers: func() []outbox.Status {
			return []outbox.Status{{Name: "ops", Pending: 2, Oldest: noon.Add(-time.Minute), Dead: 1, Delivered: 9, Failures: 3}}
		},
		Unwritten: func() (int, time.Time) { return 1, noon.Add(-2 * time.Second) }, Lost: func() int64 { return 1 },
		Measurements: func() metrics.Status { return metrics.Status{Lag: time.Second, Lost: 2, Bytes: 3} },
		API: func() control.Status {
			return control.Status{Requests: 5, Faults: map[string]int64{"ValidationException": 1}}
		},
	}
}

func collector(streams ...stream.Status) (*Collector, *[]stream.Status) {
	c := New(everything(&streams))
	c.now = func() time.Time { return noon }
	return c, &streams
}

// scraped is what Prometheus gets, by series.
func scraped(t *testing.T, c *Collector) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	values := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		if series, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			if i := strings.LastIndexByte(line, '}'); i > 0 {
				series, value = line[:i+1], strings.TrimSpace(line[i+1:])
			}
			values[series] = value
		}
	}
	return values
}

func TestScrapeTellsWhatThereIs(t *testing.T) {
	c, _ := collector(live())
	c.Event(happened.Event(event.NameStreamStart, "studio", "st-1", noon))
	got := scraped(t, c)
	for series, want := range map[string]string{
		`ladderd_streams{health="STARVING"}`:                                                  "1",
		`ladderd_streams{health="HEALTHY"}`:                                                   "0",
		`ladderd_stream_health{channel="studio",health="STARVING"}`:                           "1",
		`ladderd_stream_finding{channel="studio",code="keyframe-interval"}`:                   "1",
		`ladderd_rendition_frames_total{channel="studio",device="gpu0",rendition="360p30"}`:   "59",
		`ladderd_rendition_frames_total{channel="studio",device="",rendition="720p30"}`:       "60",
		`ladderd_rendition_shed{channel="studio",rendition="360p30"}`:                         "1",
		`ladderd_part_delay_seconds_bucket{channel="studio",le="5"}`:                          "0",
		`ladderd_part_delay_seconds_bucket{channel="studio",le="10"}`:                         "3",
		`ladderd_part_delay_seconds_sum{channel="studio"}`:                                    "0.6",
		`ladderd_worker_behind_seconds{channel="studio",device="gpu0"}`:                       "0.25",
		`ladderd_worker_failures_total{reason="crashed"}`:                                     "2",
		`ladderd_device_free{device="gpu0",resource="sessions"}`:                              "7",
		`ladderd_device_booked{device="gpu0",resource="memory"}`:                              "0",
		`ladderd_device_quarantined{device="gpu0"}`:                                           "1",
		`ladderd_views{channel="studio"}`:                                                     "7",
		`ladderd_outbox_oldest_event_age_seconds{receiver="ops"}`:                             "60",
		`ladderd_store_lag_seconds`:                                                           "2",
		`ladderd_config_last_reload_successful`:                                               "0",
		`ladderd_events_total{name="Stream Start"}`:                                           "1",
		`ladderd_ingest_bytes_total{channel="studio",kind="video"}`:                           "1e+06",
		`ladderd_connections_refused_total{listener="viewers",reason="all places are taken"}`: "1",
	} {
		if got[series] != want {
			t.Errorf("%s is %q, want %q", series, got[series], want)
		}
	}
}

// All that is a row is told by somebody, under names that Prometheus's own rules have nothing
// against.
func TestEachMetricIsTold(t *testing.T) {
	c, _ := collector(live())
	c.Event(happened.Event(event.NameStreamStart, "studio", "st-1", noon))
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, f := range families {
		told = append(told, f.GetName())
	}
	for _, m := range all {
		if !slices.Contains(told, m.name) {
			t.Errorf("%s is not told", m.name)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// What streams have counted stays when they end, and is not lost for the moment in which a
// stream is neither among those that are live nor among those that are over.
func TestSumsOutliveTheirStreams(t *testing.T) {
	c, streams := collector(live())
	sums := []string{`ladderd_worker_failures_total{reason="hung"}`, "ladderd_window_lost_segments_total", "ladderd_window_unsaved_segments_total"}
	want := []string{"1", "4", "5"}
	check := func(when string) {
		t.Helper()
		got := scraped(t, c)
		for i, series := range sums {
			if got[series] != want[i] {
				t.Errorf("%s %s is %s, want %s", when, series, got[series], want[i])
			}
		}
	}
	check("while it is live")
	*streams = nil
	check("just after its end")
	c.Ended(live())
	check("after its end")
	if _, there := scraped(t, c)[`ladderd_views{channel="studio"}`]; there {
		t.Error("a stream that is over has metrics")
	}
	*streams, want = []stream.Status{live()}, []string{"2", "8", "10"}
	check("with the next one")
}

// A daemon without an API, receivers and devices tells nothing of them.
func TestWhatIsNotThereIsNotTold(t *testing.T) {
	for series := range scraped(t, New(Sources{Streams: func() []stream.Status { return nil }})) {
		if regexp.MustCompile(`^ladderd_(api|outbox|device|store|metrics_store|state|stuck)`).MatchString(series) {
			t.Errorf("%s is told", series)
		}
	}
}

func TestNamesAreThoseOfTheScrape(t *testing.T) {
	c, _ := collector(live())
	c.Event(happened.Event(event.NameStreamStart, "studio", "st-1", noon))
	names := Names()
	for series := range scraped(t, c) {
		name, _, _ := strings.Cut(series, "{")
		if strings.HasPrefix(name, "ladderd_") && !slices.Contains(names, name) {
			t.Errorf("%s is not among the names", name)
		}
	}
}
