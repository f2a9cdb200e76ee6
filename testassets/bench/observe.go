package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/ladder"
	"ladderd/load"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

type observeCommand struct {
	output
	Count   int           `default:"100" help:"How many BASIC channels are live at once."`
	Bitrate int           `default:"300000" help:"Of each one's video, in bits per second: what is looked for does not depend on it, and has to be seen beside it."`
	Rounds  int           `default:"3" help:"How often both daemons are measured."`
	Seconds int           `default:"45" help:"How long each is measured."`
	Again   int           `default:"10" help:"How many of the channels end and begin anew in that time, which makes events."`
	Every   time.Duration `default:"15s" help:"How often the metrics are scraped."`
}

// What may be paid for metrics and events, of 100 channels.
const (
	aimObserveCPU    = 0.02 // cores
	aimObserveMemory = 30.0 // MB
)

// Run measures a daemon that is observed in all ways that there are, and one that cannot be:
// without [metrics], [api] and webhooks it keeps no metrics, no history and no events.
func (c *observeCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := clipOf(ctx, dir, c.Bitrate, "320x180")
	if err != nil {
		return err
	}
	tags, err := publish.ReadFLV(file)
	if err != nil {
		return err
	}
	tags = publish.Repeat(tags, clipSeconds*1000, (c.Seconds+observeWarmth+c.Count/10)/clipSeconds+5)
	r := &observeReport{Channels: c.Count, Bitrate: c.Bitrate, Seconds: c.Seconds, Again: c.Again, Load: []string{machineLoad()}}
	for round := range c.Rounds {
		say("round %d of %d: %d channels of each daemon", round+1, c.Rounds, c.Count)
		plain, observed, err := c.both(ctx, tags)
		if err != nil {
			return err
		}
		r.add(plain, observed)
	}
	r.judge()
	return c.print(r)
}

// both measures them at once: one after the other, what else the machine did made a
// difference of ten times the aim.
func (c *observeCommand) both(ctx context.Context, tags []publish.Tag) (plain, observed *observedCost, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed [2]error
	var wg sync.WaitGroup
	wg.Go(func() {
		if plain, failed[0] = c.daemon(ctx, false, tags); failed[0] != nil {
			cancel()
		}
	})
	wg.Go(func() {
		if observed, failed[1] = c.daemon(ctx, true, tags); failed[1] != nil {
			cancel()
		}
	})
	wg.Wait()
	return plain, observed, errors.Join(failed[:]...)
}

// observeWarmth is how long the channels are live before they are measured, in seconds: their
// windows are to be full, so that memory stays as it is.
const observeWarmth = 20

// observedCost is a daemon's in one round.
type observedCost struct {
	cpu    float64 // CPU seconds per second
	memory float64 // MB, the median of what it had each second
	watch  observer
}

// daemon measures one of the two.
func (c *observeCommand) daemon(ctx context.Context, observed bool, tags []publish.Tag) (*observedCost, error) {
	cost := &observedCost{}
	s := daemon.Settings{Window: 10 * time.Second, Linger: time.Second, Unobserved: !observed, API: observed}
	for i := range c.Count {
		s.Channels = append(s.Channels, daemon.Channel{ID: fmt.Sprintf("c%d", i), Type: ladder.Basic, Key: fmt.Sprintf("sk_bench_%04d", i)})
	}
	if observed {
		hook, stop, err := cost.watch.receive()
		if err != nil {
			return nil, err
		}
		defer stop()
		s.Webhooks = []daemon.Webhook{{Name: "bench", URL: hook, Secret: "the-secret-of-the-benchmark-0123"}}
	}
	d, err := daemon.Start(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.measure(ctx, d, s, tags, cost), d.Stop()); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, d.Output())
	}
	return cost, nil
}

// measure has all channels publish, and the daemon scraped.
func (c *observeCommand) measure(ctx context.Context, d *daemon.Daemon, s daemon.Settings, tags []publish.Tag, cost *observedCost) error {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	began := time.Now()
	from := began.Add(time.Duration(c.Count)*apart + observeWarmth*time.Second)
	to := from.Add(time.Duration(c.Seconds) * time.Second)
	done := make(chan error, c.Count+1)
	for i, channel := range s.Channels {
		go func() {
			err := sleepUntil(sending, began.Add(time.Duration(i)*apart))
			if err == nil && i < c.Again {
				err = publishUntil(sending, from.Add(time.Duration(c.Seconds*i/(c.Again+1))*time.Second), d.RTMP(channel.Key), tags)
			}
			if err == nil {
				err = publish.Paced(sending, d.RTMP(channel.Key), tags, nil, nil)
			}
			stop(err) // one that has failed: the figures would be of fewer
			done <- err
		}()
	}
	go func() { done <- cost.watch.scrape(sending, d, !s.Unobserved, c.Every) }()
	err := cost.read(sending, load.Process(d.PID()), from, to)
	stop(errMeasured)
	for range c.Count + 1 {
		if failed := <-done; !errors.Is(failed, errMeasured) && err == nil {
			err = fmt.Errorf("a publisher or the scraper stopped: %w", failed)
		}
	}
	return err
}

// publishUntil publishes up to a time.
func publishUntil(ctx context.Context, until time.Time, to string, tags []publish.Tag) error {
	short, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	err := publish.Paced(short, to, tags, nil, nil)
	if short.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// read measures the daemon between two times.
func (o *observedCost) read(ctx context.Context, server *load.Server, from, to time.Time) error {
	if err := sleepUntil(ctx, from); err != nil {
		return err
	}
	begin, err := server.Usage()
	if err != nil {
		return err
	}
	last := begin
	memory := []float64{float64(begin.Memory) / 1e6}
	for at := from.Add(time.Second); !at.After(to); at = at.Add(time.Second) {
		if err := sleepUntil(ctx, at); err != nil {
			return err
		}
		if last, err = server.Usage(); err != nil {
			return err
		}
		memory = append(memory, float64(last.Memory)/1e6)
	}
	o.cpu, o.memory = (last.CPU-begin.CPU).Seconds()/to.Sub(from).Seconds(), percentile(memory, 50)
	return nil
}

// observer is who looks at a daemon: a scraper, and a receiver of its events.
type observer struct {
	events          atomic.Int64
	scraped, failed int64
}

// receive takes events, each at once.
func (o *observer) receive() (url string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		o.events.Add(1)
	})}
	go server.Serve(ln)
	return "http://" + ln.Addr().String() + "/events", func() { server.Close() }, nil
}

// scrape asks for the metrics, as Prometheus does.
func (o *observer) scrape(ctx context.Context, d *daemon.Daemon, on bool, every time.Duration) error {
	for next := time.Now(); ; next = next.Add(every) {
		if err := sleepUntil(ctx, next); err != nil {
			return err
		}
		if !on {
			continue
		}
		if o.ask(ctx, d.Metrics()+"/metrics") {
			o.scraped++
		} else if ctx.Err() == nil {
			o.failed++
		}
	}
}

func (o *observer) ask(ctx context.Context, url string) bool {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	return err == nil && n > 0 && resp.StatusCode == http.StatusOK
}
