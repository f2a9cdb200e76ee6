package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"ladderd/admission"
	"ladderd/config"
	"ladderd/gpu"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline/route"
)

type fitCommand struct {
	Type    ladder.Type   `default:"STANDARD" help:"The channel's type: STANDARD, ADVANCED_HD, ADVANCED_SD or BASIC."`
	Preset  ladder.Preset `help:"The transcode preset of an ADVANCED channel."`
	Input   string        `default:"1080p60" help:"What the channels are sent: 1080p60, 720p30, 720x1280p25."`
	Count   int           `default:"1" help:"How many such channels."`
	Backend string        `default:"" enum:",auto,nvenc,vaapi,x264" help:"auto, nvenc, vaapi or x264, instead of the configuration's [pipeline] backend."`
	Config  string        `type:"path" help:"The configuration file, for its policies, reservations and limits, and its data_dir (without one /var/lib/ladderd), where what the devices do is kept."`
	JSON    bool          `name:"json" help:"Print the answer as JSON."`
}

// doesNotFit is fit's exit status where not all channels fit.
const doesNotFit exitCode = 2

func (c *fitCommand) Run() error {
	in, err := ladder.ParseInput(c.Input)
	if err != nil {
		return err
	}
	renditions, err := ladder.For(c.Type, c.Preset, in)
	if err != nil {
		return err
	}
	if c.Count < 1 || c.Count > admission.MostFit {
		return fmt.Errorf("--count is %d: it goes from 1 to %d", c.Count, admission.MostFit)
	}
	answer := passedThrough(c.Count)
	if wish := wishFor(renditions, in); len(wish.Job.Videos) > 0 {
		if answer, err = c.ask(wish); err != nil {
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

// wishFor is what a stream of such an input would ask for.
func wishFor(renditions []ladder.Rendition, in ladder.Input) admission.Wish {
	video := &media.VideoParams{Width: in.Width, Height: in.Height, Rate: in.Rate}
	plan := route.New("", renditions, route.Source{Video: video, Rate: in.Rate}, 0)
	return admission.Wish{Job: plan.Job, Shed: plan.Sheddable(renditions)}
}

// passedThrough is the answer for channels that need no encoder.
func passedThrough(count int) admission.Answer {
	return admission.Answer{Fits: slices.Repeat([]admission.Fitting{{Backend: "none: the video is passed through"}}, count)}
}

// ask puts the channels on this machine's devices, as they were proven.
func (c *fitCommand) ask(wish admission.Wish) (admission.Answer, error) {
	ctx, stop := untilSignal()
	defer stop()
	cfg, err := (&serveCommand{Config: c.Config}).load()
	if err != nil {
		return admission.Answer{}, err
	}
	proofs, err := look(ctx, cfg, false)
	if err != nil {
		return admission.Answer{}, err
	}
	if !gpu.Measured(proofs) {
		return admission.Answer{}, gpu.ErrUnmeasured
	}
	if c.Backend != "" {
		cfg.Pipeline.Backend, cfg.Pipeline.Policy = c.Backend, ""
	}
	control, err := newControl(cfg, proofs[len(proofs)-1].Device, slog.New(slog.DiscardHandler))
	if err != nil {
		return admission.Answer{}, err
	}
	control.Settle(proofs)
	return control.Fit(wish, policyOf(cfg.Transcoding(config.Channel{})), c.Count), nil
}

func (c *fitCommand) print(a admission.Answer, what string) error {
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(a)
	}
	return writeFit(os.Stdout, a, what, c.Count)
}

// writeFit is the answer for people: equal places in one line.
func writeFit(w io.Writer, a admission.Answer, what string, count int) error {
	var b strings.Builder
	switch {
	case len(a.Fits) == count:
		fmt.Fprintf(&b, "yes: %d × %s\n", count, what)
	default:
		fmt.Fprintf(&b, "no: %d of %d × %s; %s\n", len(a.Fits), count, what, a.Why)
	}
	if len(a.Fits) == 0 {
		for _, w := range a.Ways {
			fmt.Fprintf(&b, "  one by %s takes %s\n", w.Backend, fittingWords(w))
		}
	}
	for i := 0; i < len(a.Fits); {
		p, n := a.Fits[i], 1
		for i+n < len(a.Fits) && a.Fits[i+n].Backend == p.Backend && a.Fits[i+n].Shed == p.Shed {
			n++
		}
		fmt.Fprintf(&b, "  %d by %s: each takes %s\n", n, p.Backend, cmp.Or(fittingWords(p), "nothing"))
		i += n
		if p.Shed > 0 {
			fmt.Fprintf(&b, "    without %d of the encoded renditions, for want of room\n", p.Shed)
		}
	}
	if slices.ContainsFunc(a.Fits, func(p admission.Fitting) bool { return p.Tight }) {
		b.WriteString("  this machine may be too slow for it: it is carried because it is alone\n")
	}
	if len(a.Left) > 0 {
		b.WriteString("left then:\n")
	}
	for _, l := range a.Left {
		fmt.Fprintf(&b, "  %s: %s\n", l.Name, amountWords(l.Has))
	}
	if a.InAll != nil {
		fmt.Fprintf(&b, "%d × %s fit on this machine in all\n", *a.InAll, what)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fittingWords(p admission.Fitting) string {
	words := amountWords(p.Takes)
	if p.Takes.CPU == nil && p.CPU > 0 {
		words += fmt.Sprintf(", %.2f cores", p.CPU)
	}
	return words
}

func amountWords(f admission.Amounts) string {
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
	if f.Network != nil {
		add("network %.1f Mb/s", float64(*f.Network)/1e6)
	}
	if f.Disk != nil {
		add("disk %.1f MB/s", float64(*f.Disk)/1e6)
	}
	return strings.Join(words, ", ")
}
