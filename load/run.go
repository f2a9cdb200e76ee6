package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/load/wire"
)

// settling is how long the last viewers have to join before the measurement begins.
const settling = 2 * time.Second

// Progress is how a run goes. The counts are since it began.
type Progress struct {
	Elapsed    time.Duration
	Viewers    int // that are watching
	Measuring  bool
	Requests   int64
	Bytes      int64
	Errors     int64
	PartP99    float64 // milliseconds, since the measurement began
	LatencyP50 float64 // milliseconds
}

// run is one run.
type run struct {
	*Options
	measures
	target   wire.Target
	tls      *tls.Config
	shared   bool    // whether a viewer has one connection, of HTTP/2
	server   *Server // nil where it is not on this machine
	watching atomic.Int64

	mu         sync.Mutex
	catalogues map[string]*catalogue
	variants   map[string]int
}

// Run has the viewers watch and tells what they saw. Its error says that they could
// not begin at all; what goes wrong later is in the report. Where ctx ends early,
// the report is of the time until then.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &run{Options: &o, catalogues: map[string]*catalogue{}, variants: map[string]int{}}
	if err := o.check(); err != nil {
		return nil, err
	}
	var err error
	if r.target, err = wire.Parse(o.URL); err != nil {
		return nil, fmt.Errorf("the playlist's URL: %w", err)
	}
	r.tls = o.tls()
	if r.shared, err = wire.HasHTTP2(ctx, r.target.Origin, r.tls); err != nil {
		return nil, fmt.Errorf("get %s: %w", r.target, err)
	}
	each := 2
	if r.shared {
		each = 1
	}
	if err := checkFiles(o.Viewers, each); err != nil {
		return nil, err
	}
	if err := r.try(ctx); err != nil {
		return nil, err
	}
	server, why := FindServer(r.target.Origin.Host, r.target.Origin.Scheme)
	r.server = server
	return r.watchAll(ctx, why)
}

// try asks once, so that a wrong URL or name is told before thousands ask for it.
func (r *run) try(ctx context.Context) error {
	v := newViewer(r, 0)
	defer v.close()
	defer context.AfterFunc(ctx, v.close)()
	reply, at, err := v.get(v.playlists, r.target, true)
	if err != nil {
		return fmt.Errorf("get %s: %w", r.target, err)
	}
	choices, err := choicesOf(reply, at)
	if err != nil {
		return fmt.Errorf("%s: %w", r.target, err)
	}
	_, err = r.choose(choices, 0)
	return err
}

func (r *run) watchAll(ctx context.Context, why error) (*Report, error) {
	before, _ := r.server.Usage() // of a server that is not here: nothing
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var viewers sync.WaitGroup
	began := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.come(watching, &viewers)
		viewers.Wait()
	}()
	m := newMeter(r, began, before)
	r.observe(ctx, m, done)
	r.on.Store(false)
	stop()
	<-done
	return r.report(m, why), nil
}

// come starts the viewers, evenly over the ramp.
func (r *run) come(ctx context.Context, viewers *sync.WaitGroup) {
	began := time.Now()
	for i := range r.Viewers {
		due := began.Add(r.Ramp * time.Duration(i) / time.Duration(r.Viewers))
		if wait := time.Until(due); wait > 0 && sleep(ctx, wait) != nil || ctx.Err() != nil {
			return
		}
		viewers.Go(func() {
			r.watching.Add(1)
			defer r.watching.Add(-1)
			newViewer(r, i).watch(ctx)
		})
	}
}

// observe runs the meter each second until the measured time is over, nobody watches
// any more, or ctx ends.
func (r *run) observe(ctx context.Context, m *meter, done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	start := time.NewTimer(r.Ramp + settling)
	defer start.Stop()
	end := time.NewTimer(r.Ramp + settling + r.Duration)
	defer end.Stop()
	for {
		select {
		case <-start.C:
			m.begin()
			r.on.Store(true)
		case <-tick.C:
			m.sample()
			if r.Progress != nil {
				r.Progress(r.progress(m))
			}
		case <-end.C:
			m.end()
			return
		case <-done:
			m.end()
			return
		case <-ctx.Done():
			m.end()
			return
		}
	}
}

func (r *run) progress(m *meter) Progress {
	return Progress{
		Elapsed: time.Since(m.started), Viewers: int(r.watching.Load()), Measuring: r.on.Load(),
		Requests: r.requests.Load(), Bytes: r.bytes.Load(), Errors: r.failures(),
		PartP99: r.parts.quantiles().P99, LatencyP50: r.latency.quantiles().P50,
	}
}

// catalogueOf is a variant's, and counts the viewer that takes it.
func (r *run) catalogueOf(variant string) *catalogue {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.catalogues[variant]
	if c == nil {
		c = newCatalogue()
		r.catalogues[variant] = c
	}
	r.variants[variant]++
	return c
}
