// Command ladderd takes live video in over RTMP, makes the ladder of the
// channel's type, and serves it as low-latency HLS.
//
// This package only wires the others together: each command is a file here.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"ladderd/service"
)

type commands struct {
	Version kong.VersionFlag `help:"Print the version, the commit, and the version of FFmpeg."`

	Serve       serveCommand       `cmd:"" help:"Run the daemon. SIGTERM drains it, a second one stops it at once."`
	Demo        demoCommand        `cmd:"" help:"Run the daemon on a generated broadcast and print the page to watch it on."`
	CheckConfig checkConfigCommand `cmd:"" name:"check-config" help:"Check a configuration file."`
	Events      eventsCommand      `cmd:"" help:"What happened to channels and streams, and whom it could not be told."`
	Backup      backupCommand      `cmd:"" help:"Copy what the control API's store has into a file. The daemon may run."`
	Restore     restoreCommand     `cmd:"" help:"Put a backup in the store's place. The daemon must not run."`
	Verify      verifyCommand      `cmd:"" help:"Check the HLS at a URL, of any server. Exit status: 0 nothing found, 1 findings, 2 could not check."`
	Probe       probeCommand       `cmd:"" help:"Find out what this machine's GPUs and CPU do, and why something does not work. Exit status: 0 a GPU encodes, 2 none does, 1 probing failed."`
	Top         topCommand         `cmd:"" help:"Show the daemon's streams and devices on this terminal, as they are. Press ? there for the keys."`
	Fit         fitCommand         `cmd:"" help:"Would channels fit on this machine, where, and what would be left? Exit status: 0 they fit, 2 they do not, 1 not found out."`
	Bench       benchCommand       `cmd:"" help:"Find out how many channels this machine carries: more and more, until one is not real time. Run it where nothing is live."`
	Load        loadCommand        `cmd:"" help:"Watch a stream as many viewers and tell what they saw."`
	Nvidia      nvidiaCommand      `cmd:"" hidden:"" help:"Ask NVIDIA's driver for its cards; started by the others."`
	Worker      workerCommand      `cmd:"" hidden:"" help:"Transcode one stream; started by the daemon."`
}

// exitCode is an error that carries the process's exit status and nothing to
// say.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	var c commands
	parsed := kong.Parse(&c, kong.Name("ladderd"),
		kong.Description("Live video in, an adaptive ladder out as low-latency HLS."),
		kong.Vars{"version": version()}, kong.UsageOnError())
	err := parsed.Run()
	var code exitCode
	if errors.As(err, &code) {
		os.Exit(int(code))
	}
	if err != nil {
		prefix := ""
		if service.ToJournal() {
			prefix = "<3>" // an error, to the journal
		}
		fmt.Fprintln(os.Stderr, prefix+"ladderd:", err)
		os.Exit(1)
	}
}

// untilSignal is over at the first SIGINT or SIGTERM. The second one ends the
// process, as it does by default.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
