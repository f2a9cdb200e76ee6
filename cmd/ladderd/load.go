package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"ladderd/load"
)

type loadCommand struct {
	URL      string        `arg:"" help:"The multivariant playlist of a live stream, or one media playlist."`
	Viewers  int           `default:"100" help:"How many watch at once."`
	Duration time.Duration `default:"30s" help:"How long they are measured, once all are there."`
	Ramp     time.Duration `default:"0" help:"Over how long they come; 0 is 500 a second."`
	Variant  string        `help:"The variant that all watch, by its rendition's name. Default: the highest bandwidth."`
	Spread   bool          `help:"Have the viewers take turns over all variants."`
	Insecure bool          `help:"Take any certificate."`
	JSON     bool          `help:"Print the report as JSON."`
}

// Run watches until the time is over, the stream ends, or it is interrupted, and
// reports in each case.
func (c *loadCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	r, err := load.Run(ctx, load.Options{
		URL: c.URL, Viewers: c.Viewers, Duration: c.Duration, Ramp: c.Ramp,
		Variant: c.Variant, Spread: c.Spread, Insecure: c.Insecure, Progress: tellLoad,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	r.Text(os.Stdout)
	return nil
}

// tellLoad shows progress on standard error, which keeps the report apart.
func tellLoad(p load.Progress) {
	phase := "joining"
	if p.Measuring {
		phase = fmt.Sprintf("part p99 %.1f ms, live latency %.2f s", p.PartP99, p.LatencyP50/1000)
	}
	fmt.Fprintf(os.Stderr, "ladderd: %3.0f s: %d viewers, %d requests, %.1f MB, %d errors; %s\n",
		p.Elapsed.Seconds(), p.Viewers, p.Requests, float64(p.Bytes)/1e6, p.Errors, phase)
}
