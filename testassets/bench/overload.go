package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/overload"
	"ladderd/testassets/publish"
)

type overloadCommand struct {
	output
	Count int           `help:"How many channels are asked for; 0 is three of each core."`
	For   time.Duration `default:"30s" help:"How long those that are carried are measured."`
	Apart time.Duration `default:"500ms" help:"The time between two publishers."`
	Type  []ladder.Type `default:"ADVANCED_HD,STANDARD" help:"The channels' types, one after the other."`
}

// overloadPart is the part duration of these daemons, the default: by how much no rendition
// may be behind its source, or behind another one.
const overloadPart = 334 * time.Millisecond

type overloadReport struct {
	Cores int                `json:"cores"`
	Load  []string           `json:"load"`
	Runs  []*overload.Report `json:"runs"`
}

func (c *overloadCommand) Run(ctx context.Context) error {
	if c.Count == 0 {
		c.Count = 3 * runtime.NumCPU()
	}
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := publish.Clip{Name: "overload", Width: 1280, Height: 720, Rate: "30", Seconds: 20, Bitrate: 3_000_000, GOP: 2}.Make(ctx, dir)
	if err != nil {
		return err
	}
	r := &overloadReport{Cores: runtime.NumCPU(), Load: []string{machineLoad()}}
	for _, kind := range c.Type {
		for _, full := range []string{"refuse", "shed"} {
			say("%d channels of %s 720p30, when_full = %q", c.Count, kind, full)
			one, err := overload.Run(ctx, overload.Options{Kind: kind, Count: c.Count, Clip: file, WhenFull: full, Apart: c.Apart, For: c.For})
			if err != nil {
				return err
			}
			r.Runs = append(r.Runs, one)
		}
	}
	r.Load = append(r.Load, machineLoad())
	return c.print(r)
}

func (r *overloadReport) text(w io.Writer) {
	fmt.Fprintf(w, "720p30 in software on %d cores; behind: a part's listing behind its media's end, apart: between renditions (p99)\n\n", r.Cores)
	fmt.Fprintf(w, "%-12s %-7s %6s %8s %8s %10s %9s %9s %9s  %s\n", "type", "full", "asked", "carried", "refused", "refused in", "behind", "apart", "disturbed", "shed")
	for _, o := range r.Runs {
		slowest, disturbed := time.Duration(0), 0
		var shed []string
		for _, f := range o.Refused {
			slowest = max(slowest, f.After)
		}
		for _, c := range o.Carried {
			if c.Disturbed != "" {
				disturbed++
			}
			if c.Most > 0 {
				shed = append(shed, fmt.Sprintf("%s %s", c.Channel, strings.Join(c.Shed, "+")))
			}
		}
		fmt.Fprintf(w, "%-12s %-7s %6d %8d %8d %8.2f s %7.2f s %7.2f s %9d  %s\n", o.Kind, o.WhenFull, o.Asked, len(o.Carried), len(o.Refused),
			slowest.Seconds(), o.Late.Behind.P99.Seconds(), o.Late.Apart.P99.Seconds(), disturbed, strings.Join(shed, ", "))
	}
	fmt.Fprintln(w)
	for _, o := range r.Runs {
		for _, c := range o.Carried {
			fmt.Fprintf(w, "%s %s %s: behind %v; apart %v; median %.2f s at first, %.2f s at last%s\n", o.Kind, o.WhenFull, c.Channel,
				c.Late.Behind, c.Late.Apart, c.Late.First.Seconds(), c.Late.Last.Seconds(), late(c.Late))
		}
		untold := slices.DeleteFunc(slices.Clone(o.Refused), func(f overload.Refused) bool { return f.Told && f.Event })
		if len(untold) > 0 {
			fmt.Fprintf(w, "%s %s: refused without the guide's words: %+v\n", o.Kind, o.WhenFull, untold)
		}
	}
	fmt.Fprintf(w, "\nLoad: %s, then %s.\n", r.Load[0], r.Load[1])
}

// late says where something was behind by more than a part.
func late(l overload.Lateness) string {
	if l.Behind.P99 > overloadPart || l.Apart.P99 > overloadPart {
		return "  MORE THAN A PART"
	}
	return ""
}
