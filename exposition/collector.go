package exposition

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ladderd/admission"
	"ladderd/control"
	"ladderd/control/metrics"
	"ladderd/control/outbox"
	"ladderd/door"
	"ladderd/event"
	"ladderd/playback"
	"ladderd/stream"
)

// Sources are asked at each scrape, on its goroutine. Those that are nil are not there: nothing
// is told of them.
type Sources struct {
	Version   string
	State     func() string // "starting", "ready" or "draining"
	Stuck     func() string // what stands still; empty for nothing
	Streams   func() []stream.Status
	Lingering func() stream.Lingering
	Admission func() admission.Status
	Delivered func() []playback.Delivered
	Audience  func() Audience
	// Listeners are by whom they are for: "publishers", "viewers", "api".
	Listeners    func() map[string]door.Status
	Certificates func() map[string]time.Time // until when they are good, by their files
	Reload       func() (at time.Time, taken bool)
	DiskErr      error // why windows stay in memory though they should not

	Receivers    func() []outbox.Status
	Unwritten    func() (n int, since time.Time) // events that the store has not taken
	Lost         func() int64                    // events that found no room
	Measurements func() metrics.Status
	API          func() control.Status
}

// Audience is how many watch, all together, how many may, and how many were turned away for that.
type Audience struct {
	Views, Most int
	Refused     int64
}

// Collector makes metrics of its Sources. Its methods may be called from any goroutine.
type Collector struct {
	sources Sources
	now     func() time.Time

	mu    sync.Mutex
	ended endings
	most  endings // what was told last
}

// New makes one.
func New(s Sources) *Collector {
	return &Collector{
		sources: s, now: time.Now,
		ended: endings{events: map[string]int64{}, failures: map[string]int64{}}, most: endings{failures: map[string]int64{}},
	}
}

// Handler serves the metrics, with those of the process.
func (c *Collector) Handler() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(c, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Describe is prometheus.Collector's.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range all {
		to <- m.desc
	}
}

// Collect is prometheus.Collector's.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	s := scrape(to)
	c.daemon(s)
	c.devices(s)
	c.audience(s)
	c.journal(s)
	c.api(s)
	c.streams(s)
}

// endings are counts of what has ended: a stream's own go with it.
type endings struct {
	streams  int64
	events   map[string]int64 // by name
	failures map[string]int64 // of workers, by reason
	lost     int64            // segments
	unsaved  int64            // segments
}

// Event counts an event.
func (c *Collector) Event(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended.events[e.Name()]++
}

// Ended keeps the counts of a stream that is over.
func (c *Collector) Ended(s stream.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended.streams++
	c.ended.add(s)
}

func (e *endings) add(s stream.Status) {
	if s.Worker != nil {
		for reason, n := range s.Worker.Failures {
			e.failures[reason] += int64(n)
		}
	}
	if s.Window != nil {
		e.lost += s.Window.Lost
		e.unsaved += s.Window.Unsaved
	}
}
