package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ladderd/density"
	"ladderd/gpu"
	"ladderd/ladder"
	"ladderd/pipeline"
)

type benchCommand struct {
	Type     string        `default:"STANDARD" help:"The channels' type."`
	Preset   string        `help:"The transcode preset of an ADVANCED type."`
	Input    string        `default:"1080p60" help:"What each channel is sent: a generated picture of that size and rate."`
	File     string        `type:"existingfile" help:"Send this file, H.264 and AAC, round and round instead."`
	Channel  []string      `placeholder:"TYPE:INPUT" help:"A kind of channel; several take turns. In place of --type and --input."`
	Backend  string        `default:"auto" enum:"auto,x264,nvenc,vaapi" help:"What encodes: ${enum}."`
	Duration time.Duration `default:"30s" help:"For how long all channels have to be real time."`
	From     int           `default:"1" help:"Channels to begin with."`
	Most     int           `help:"Channels to stop at; 0 is where they are no longer real time."`
	Config   string        `type:"path" help:"The configuration file, for its data_dir, where ladderd probe keeps what the devices do."`
	JSON     bool          `name:"json" help:"Print the report as JSON."`
	Compare  string        `type:"existingfile" placeholder:"OLD.json" help:"Tell what has changed since an older report."`
}

// Run carries more and more channels until one is not real time. Ctrl-C ends it with what is
// known by then.
func (c *benchCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	if c.Duration < time.Second || c.From < 1 || c.Most < 0 {
		return errors.New("--duration is at least 1s, --from at least 1, --most at least 0")
	}
	old, err := c.older()
	if err != nil {
		return err
	}
	p, proofs, survey, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	o := density.Options{Carrier: p, Duration: c.Duration, From: c.From, Most: c.Most}
	screen := &benchScreen{w: os.Stderr, terminal: isTerminal(os.Stderr)}
	o.Tell = screen.tell
	if p.Backends[0].Device != (pipeline.Device{}) {
		o.Devices = survey.Machine.Inventory
	}
	result, err := density.Run(ctx, o)
	screen.clear()
	if err != nil {
		return err
	}
	report := density.NewReport(result, p, proofs, version(), c.Duration)
	return c.print(&report, old)
}

func (c *benchCommand) older() (*density.Report, error) {
	if c.Compare == "" {
		return nil, nil
	}
	return density.ReadReport(c.Compare)
}

// prepare finds out what encodes, and makes the sources.
func (c *benchCommand) prepare(ctx context.Context) (*density.Pipelines, []gpu.Proof, gpu.Survey, error) {
	cfg, err := (&serveCommand{Config: c.Config}).load()
	if err != nil {
		return nil, nil, gpu.Survey{}, err
	}
	log := slog.New(slog.DiscardHandler) // what matters of it is in the report
	survey := newSurvey(cfg, log)
	p := &density.Pipelines{Log: log}
	if p.Streams, err = c.streams(ctx); err != nil {
		return nil, nil, survey, err
	}
	proofs, err := c.proofs(ctx, survey)
	if err != nil {
		return nil, nil, survey, err
	}
	list, err := gpu.Candidates(proofs, gpu.Wanted(c.Backend))
	if err != nil {
		return nil, nil, survey, err
	}
	p.Backends = equals(list)
	return p, proofs, survey, nil
}

// proofs is what the devices were seen to do. Those that are not known yet are tried; where the
// CPU encodes no driver is touched.
func (c *benchCommand) proofs(ctx context.Context, s gpu.Survey) ([]gpu.Proof, error) {
	if c.Backend == string(pipeline.X264) {
		return []gpu.Proof{s.Processor()}, nil
	}
	fmt.Fprintln(os.Stderr, "ladderd: looking at the devices; those that are not known are tried")
	s.CPU = true // of which channels take something with any backend
	proofs, err := s.Run(ctx)
	if ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ladderd: what the devices do is not kept:", err)
	}
	return proofs, nil
}

// equals are the first backend and those on other devices that do as much.
func equals(list []pipeline.Backend) (same []pipeline.Backend) {
	for _, b := range list {
		other := b
		other.Device.ID = list[0].Device.ID
		if other == list[0] {
			same = append(same, b)
		}
	}
	return same
}

// streams makes each source once.
func (c *benchCommand) streams(ctx context.Context) (list []*density.Stream, err error) {
	kinds := c.Channel
	if len(kinds) == 0 {
		kinds = []string{c.Type + ":" + c.Input}
	}
	clips := map[string]*density.Clip{}
	for _, kind := range kinds {
		t, source, _ := strings.Cut(kind, ":")
		if c.File != "" {
			source = filepath.Base(c.File)
		}
		if clips[source] == nil {
			if clips[source], err = c.clip(ctx, ladder.Type(t), source); err != nil {
				return nil, err
			}
		}
		s, err := density.NewStream(ladder.Type(t), ladder.Preset(c.Preset), clips[source], source)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (c *benchCommand) clip(ctx context.Context, t ladder.Type, source string) (*density.Clip, error) {
	if c.File != "" {
		return density.ReadFile(ctx, c.File)
	}
	in, err := ladder.ParseInput(source)
	if err == nil {
		err = ladder.Check(t, in)
	}
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(os.Stderr, "ladderd: generating", source)
	return density.Generate(ctx, in)
}

func (c *benchCommand) print(r, old *density.Report) error {
	// JSON is kept apart from what is for people.
	words := io.Writer(os.Stdout)
	if c.JSON {
		words = os.Stderr
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			return err
		}
	} else {
		r.Text(words)
	}
	if old != nil {
		fmt.Fprintln(words)
		r.Compare(old).Text(words)
	}
	return nil
}

// benchScreen tells progress on standard error: one line that changes on a terminal; else
// only what is over.
type benchScreen struct {
	w        io.Writer
	terminal bool
}

func (s *benchScreen) tell(p density.Progress) {
	switch {
	case p.Step != nil:
		s.clear()
		fmt.Fprintln(s.w, "ladderd:", p)
	case s.terminal:
		fmt.Fprintf(s.w, "\r\x1b[Kladderd: %s ", p)
	}
}

func (s *benchScreen) clear() {
	if s.terminal {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
}
