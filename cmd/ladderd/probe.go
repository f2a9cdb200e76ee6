package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"ladderd/config"
	"ladderd/gpu"
	"ladderd/pipeline"
)

type probeCommand struct {
	Config  string `type:"path" help:"The configuration file, for its data_dir (without one /var/lib/ladderd), where results are kept."`
	JSON    bool   `name:"json" help:"Print what was found as JSON."`
	Refresh bool   `help:"Try all anew, whatever is known."`
}

// noGPU is probe's exit status where no GPU encodes a ladder, so that scripts can tell.
// It is 1 where probing itself failed.
const noGPU exitCode = 2

func (c *probeCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	cfg, err := (&serveCommand{Config: c.Config}).load()
	if err != nil {
		return err
	}
	proofs, err := look(ctx, cfg, c.Refresh)
	if err != nil {
		return err
	}
	report := gpu.NewReport(proofs)
	if err := c.print(report); err != nil {
		return err
	}
	if !report.Encoders {
		return noGPU
	}
	return nil
}

// look is what all devices do, the CPU measured. It tells on standard error what is tried,
// and where the results cannot be kept. Its error is that ctx has ended.
func look(ctx context.Context, cfg *config.Config, refresh bool) ([]gpu.Proof, error) {
	screen := &progress{w: os.Stderr, terminal: isTerminal(os.Stderr)}
	s := newSurvey(cfg, slog.New(slog.DiscardHandler))
	s.Refresh, s.CPU, s.Prover.Tell = refresh, true, screen.tell
	proofs, err := s.Run(ctx)
	screen.clear()
	if ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ladderd: the results are not kept for the daemon:", err)
	}
	return proofs, nil
}

func (c *probeCommand) print(r gpu.Report) error {
	if !c.JSON {
		return r.Write(os.Stdout)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(r)
}

// progress tells what is being tried: one line that changes on a terminal, else a line
// each.
type progress struct {
	w        io.Writer
	terminal bool
	mu       sync.Mutex // devices are tried at once
}

func (p *progress) tell(d gpu.Device, t pipeline.Trial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("%s: %s", strings.TrimSpace(d.Name+" "+cmp.Or(d.PCI, d.ID)), gpu.Describe(t))
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s ", line)
		return
	}
	fmt.Fprintln(p.w, line)
}

func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
