package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Ladder   ladderCommand   `cmd:"" help:"CPU and PSNR of a 1080p60 STANDARD ladder beside the stock ffmpeg."`
	Viewers  viewersCommand  `cmd:"" help:"CPU, memory and part latency of thousands of viewers, beside nginx with the same bytes as files."`
	Channels channelsCommand `cmd:"" help:"CPU and memory of many BASIC channels at once."`
	Ingest   ingestCommand   `cmd:"" help:"CPU of publishers over each protocol, beside only reading their bytes, and 200 of them at once to BASIC channels."`
	Density  densityCommand  `cmd:"" help:"How many channels are real time in software, beside as many ffmpeg processes."`
	Overload overloadCommand `cmd:"" help:"What becomes of more channels than the machine carries, refused or shed."`
	Observe  observeCommand  `cmd:"" help:"CPU and memory of metrics and events, of 100 BASIC channels."`
	API      apiCommand      `cmd:"" help:"Calls per second and p99 of the control API with 5,000 channels, 100 of them live, beside a bare SQLite loop."`
	Latency  latencyCommand  `cmd:"" help:"Time from the publisher to the first part, and from a frame to the part that holds it."`
	Glass    glassCommand    `cmd:"" help:"Time from the camera to a browser's screen, and from opening the page to the first frame."`

	IngestServer ingestServerCommand `cmd:"" hidden:""`
}

// output is how a benchmark says what it found.
type output struct {
	JSON bool `help:"Print figures as JSON."`
}

// report is the figures of a benchmark.
type report interface {
	// text writes the figures for people.
	text(w io.Writer)
}

func (o output) print(r report) error {
	if o.JSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	r.text(os.Stdout)
	return nil
}

// say tells on standard error what is being done.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

func main() {
	var c commands
	parsed := kong.Parse(&c, kong.Name("bench"), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	parsed.BindTo(ctx, (*context.Context)(nil))
	err := parsed.Run()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
