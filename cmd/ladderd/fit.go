package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"ladderd/gpu"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/route"
	"ladderd/schedule"
)

type fitCommand struct {
	Type    ladder.Type   `default:"STANDARD" help:"The channel's type: STANDARD, ADVANCED_HD, ADVANCED_SD or BASIC."`
	Preset  ladder.Preset `help:"The transcode preset of an ADVANCED channel."`
	Input   string        `default:"1080p60" help:"What the channels are sent: 1080p60, 720p30, 720x1280p25."`
	Count   int           `default:"1" help:"How many such channels."`
	Backend string        `default:"" enum:",auto,nvenc,vaapi,x264" help:"auto, nvenc, vaapi or x264, instead of the configuration's [pipeline] backend."`
	Config  string        `type:"path" help:"The configuration file, for its backend and its data_dir (without one /var/lib/ladderd), where what the devices do is kept."`
	JSON    bool          `name:"json" help:"Print the answer as JSON."`
}

// doesNotFit is fit's exit status where not all channels fit.
const doesNotFit exitCode = 2

// mostFit bounds the search for how many channels fit in all.
const mostFit = 10_000

func (c *fitCommand) Run() error {
	in, err := ladder.ParseInput(c.Input)
	if err != nil {
		return err
	}
	renditions, err := ladder.For(c.Type, c.Preset, in)
	if err != nil {
		return err
	}
	if c.Count < 1 || c.Count > mostFit {
		return fmt.Errorf("--count is %d: it goes from 1 to %d", c.Count, mostFit)
	}
	video := &media.VideoParams{Width: in.Width, Height: in.Height, Rate: in.Rate}
	job := route.New("fit", renditions, route.Source{Video: video, Rate: in.Rate}, 0).Job
	answer := passedThrough(c.Count)
	if len(job.Videos) > 0 {
		if answer, err = c.ask(job); err != nil {
			return err
		}
	}
	what := fmt.Sprintf("%s of %d×%d at %s frames a second", c.Type, in.Width, in.Height, in.Rate)
	if err := c.print(answer, what); err != nil {
		return err
	}
	if len(answer.Fits) < c.Count {
		return doesNotFit
	}
	return nil
}

// fitAnswer is what `ladderd fit --json` prints.
type fitAnswer struct {
	// Fits are the channels that fit, one after the other.
	Fits []fitPlace `json:"fits"`
	// Why is why the next one does not; empty where all fit.
	Why string `json:"why,omitempty"`
	// InAll is how many such channels fit on this machine with nothing else on it, at most
	// 10,000.
	InAll int       `json:"in_all"`
	Left  []fitLeft `json:"left,omitempty"`
	// Ways are what one takes of each kind of device that could make it.
	Ways []fitPlace `json:"ways,omitempty"`
}

// passedThrough is the answer for channels that need no encoder.
func passedThrough(count int) fitAnswer {
	return fitAnswer{Fits: slices.Repeat([]fitPlace{{Backend: "none: the video is passed through"}}, count), InAll: mostFit}
}

// fitPlace is where a channel would be, and what it would take.
type fitPlace struct {
	Device  string     `json:"device"`  // its ID; "cpu"
	Backend string     `json:"backend"` // what would be done there
	Takes   fitAmounts `json:"takes"`
	// CPU is what it would take of the machine beside a GPU, in cores.
	CPU float64 `json:"cpu_cores"`
}

// fitLeft is what a device would have left.
type fitLeft struct {
	Device string     `json:"device"`
	Name   string     `json:"name"`
	Has    fitAmounts `json:"has"`
}

// fitAmounts are a device's, in the units of probe; what it does not have is left out.
type fitAmounts struct {
	Sessions *int64   `json:"sessions,omitempty"`
	Encode   int64    `json:"encode_pixels_per_second,omitempty"`
	Decode   int64    `json:"decode_pixels_per_second,omitempty"`
	Scale    int64    `json:"scale_pixels_per_second,omitempty"`
	Memory   int64    `json:"memory_bytes,omitempty"`
	CPU      *float64 `json:"cpu_cores,omitempty"`
}

func amounts(a schedule.Amount, host bool) fitAmounts {
	if host {
		cores := float64(a[schedule.CPU]) / 1000
		return fitAmounts{CPU: &cores}
	}
	f := fitAmounts{Encode: a[schedule.Encode], Decode: a[schedule.Decode], Scale: a[schedule.Scale]}
	if n := a[schedule.Sessions]; n < gpu.ManyEncoders/2 {
		f.Sessions = &n
	}
	if n := a[schedule.Memory]; n < gpu.ManyBytes/2 {
		f.Memory = n
	}
	return f
}

// ask puts the channels on this machine's devices, as they were proven.
func (c *fitCommand) ask(job pipeline.Job) (fitAnswer, error) {
	ctx, stop := untilSignal()
	defer stop()
	cfg, err := (&serveCommand{Config: c.Config}).load()
	if err != nil {
		return fitAnswer{}, err
	}
	proofs, err := look(ctx, cfg, false)
	if err != nil {
		return fitAnswer{}, err
	}
	want := gpu.Wanted(cfg.Pipeline.Backend)
	if c.Backend != "" {
		want = gpu.Wanted(c.Backend)
	}
	if !gpu.Measured(proofs) {
		return fitAnswer{}, gpu.ErrUnmeasured
	}
	ways, err := gpu.Ways(proofs, want, job)
	if err != nil {
		return fitAnswer{Fits: []fitPlace{}, Why: err.Error()}, nil
	}
	books, err := gpu.Ledger(proofs, gpu.Capacity{}, schedule.Options{})
	if err != nil {
		return fitAnswer{}, err
	}
	return answer(books, proofs, ways, c.Count), nil
}

// answer places count channels, and as many as there is room for.
func answer(books *schedule.Ledger, proofs []gpu.Proof, ways []schedule.Way, count int) fitAnswer {
	requests := make([]schedule.Request, mostFit)
	for i := range requests {
		requests[i] = schedule.Request{Stream: fmt.Sprint(i), Ladders: [][]schedule.Way{ways}}
	}
	a := fitAnswer{InAll: len(books.Fit(requests...).Leases), Fits: []fitPlace{}}
	for _, w := range ways {
		a.Ways = append(a.Ways, place("", w.Name, w.Class == gpu.Host, w.Device, w.Host))
	}
	dry := books.Fit(requests[:count]...)
	for _, k := range dry.Leases {
		name := strings.Replace(k.Way, "on any", "on "+k.Device, 1)
		a.Fits = append(a.Fits, place(k.Device, name, k.Device == gpu.Host, k.Taken, k.Hosted))
	}
	if dry.Refusal != nil {
		a.Why = dry.Refusal.Error()
	}
	for _, left := range dry.Left {
		name := left.Device
		for _, p := range proofs {
			if p.Device.ID == left.Device || p.Device.API == pipeline.CPU && left.Device == gpu.Host {
				name = p.Device.Name
			}
		}
		a.Left = append(a.Left, fitLeft{left.Device, name, amounts(left.Free, left.Device == gpu.Host)})
	}
	return a
}

// place is what a channel takes of a device, which may be the host.
func place(device, backend string, host bool, taken, hosted schedule.Amount) fitPlace {
	p := fitPlace{Device: device, Backend: backend, Takes: amounts(taken, host), CPU: float64(hosted[schedule.CPU]) / 1000}
	if taken[schedule.Sessions] == 0 {
		p.Takes.Sessions = nil
	}
	if host {
		p.CPU = *p.Takes.CPU
	}
	return p
}

func (c *fitCommand) print(a fitAnswer, what string) error {
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(a)
	}
	return a.write(os.Stdout, what, c.Count)
}

// write is the answer for people: equal places in one line.
func (a fitAnswer) write(w io.Writer, what string, count int) error {
	var b strings.Builder
	switch {
	case len(a.Fits) == count:
		fmt.Fprintf(&b, "yes: %d × %s\n", count, what)
	default:
		fmt.Fprintf(&b, "no: %d of %d × %s; %s\n", len(a.Fits), count, what, a.Why)
	}
	if len(a.Fits) == 0 {
		for _, w := range a.Ways {
			fmt.Fprintf(&b, "  one by %s takes %s\n", w.Backend, w.words())
		}
	}
	for i := 0; i < len(a.Fits); {
		p, n := a.Fits[i], 1
		for i+n < len(a.Fits) && a.Fits[i+n].Backend == p.Backend {
			n++
		}
		fmt.Fprintf(&b, "  %d by %s: each takes %s\n", n, p.Backend, cmp.Or(p.words(), "nothing"))
		i += n
	}
	if len(a.Left) > 0 {
		b.WriteString("left then:\n")
	}
	for _, l := range a.Left {
		fmt.Fprintf(&b, "  %s: %s\n", l.Name, l.Has.words())
	}
	if len(a.Left) > 0 {
		fmt.Fprintf(&b, "%d × %s fit on this machine if it does nothing else\n", a.InAll, what)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p fitPlace) words() string {
	words := p.Takes.words()
	if p.Takes.CPU == nil && p.CPU > 0 {
		words += fmt.Sprintf(", %.2f cores", p.CPU)
	}
	return words
}

func (f fitAmounts) words() string {
	var words []string
	add := func(format string, values ...any) { words = append(words, fmt.Sprintf(format, values...)) }
	if f.Sessions != nil {
		add("%d encoder sessions", *f.Sessions)
	}
	for _, r := range []struct {
		what string
		rate int64
	}{{"encode", f.Encode}, {"decode", f.Decode}, {"scale", f.Scale}} {
		if r.rate > 0 {
			add("%s %.0f Mpixel/s", r.what, float64(r.rate)/1e6)
		}
	}
	if f.Memory > 0 {
		add("%.2f GiB of its memory", float64(f.Memory)/(1<<30))
	}
	if f.CPU != nil {
		add("%.2f cores", *f.CPU)
	}
	return strings.Join(words, ", ")
}
