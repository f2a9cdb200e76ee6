package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"ladderd/verify"
)

type verifyCommand struct {
	URL      string        `arg:"" help:"A multivariant or media playlist, of any server."`
	Duration time.Duration `help:"How much media to follow." default:"20s"`
	JSON     bool          `name:"json" help:"Print the report as JSON."`
	Insecure bool          `help:"Take any certificate."`
}

// Exit statuses of verify.
const (
	foundSomething exitCode = 1
	couldNotCheck  exitCode = 2
)

func (c *verifyCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	options := verify.Options{Duration: c.Duration, Insecure: c.Insecure}
	terminal := isTerminal(os.Stderr)
	if terminal {
		options.Progress = func(seen verify.Checked, findings int) {
			fmt.Fprintf(os.Stderr, "\r%d playlists, %d segments, %d parts, %.0f s of media, %d findings ",
				seen.Playlists, seen.Segments, seen.Parts, seen.Media, findings)
		}
	}
	report, err := verify.Run(ctx, c.URL, options)
	if terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if failed := c.print(report); failed != nil {
		err = errors.Join(err, failed)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "ladderd: could not check all of it:", err)
		return couldNotCheck
	case len(report.Findings) > 0:
		return foundSomething
	}
	return nil
}

func (c *verifyCommand) print(report *verify.Report) error {
	if !c.JSON {
		return report.Write(os.Stdout)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(report)
}

// isTerminal says whether somebody looks at what is written to f.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
