// Command soak runs a daemon through so much chaos (package chaos), and fails where anything
// of it stays behind, or a viewer was told something wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"ladderd/testassets/soak/chaos"
)

type command struct {
	For    time.Duration `default:"1h" help:"How long it goes on."`
	Round  time.Duration `default:"30s" help:"How long things happen before all is quiet."`
	Apart  time.Duration `default:"2s" help:"The longest pause between two events."`
	Tenths int           `help:"How much of the machine streams may take, in tenths of a core; 0 is six of each core."`
	Seed   uint64        `help:"Has the same happen again, as far as the machine does; 0 is another one each time."`
	Log    string        `type:"path" help:"Where the daemon's log is to be kept."`
}

// allowed is what may have grown: less than a stream in a hundred may leave behind of an
// hour's.
var allowed = chaos.Growth{RSS: 6 << 20, Goroutines: 2, Files: 2, Threads: 8}

func main() {
	var c command
	kong.Parse(&c, kong.Name("soak"), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := c.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

var errWrong = errors.New("not all was as it should be")

func (c *command) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for c.Seed == 0 {
		c.Seed = rand.Uint64N(1_000_000)
	}
	if c.Tenths == 0 {
		c.Tenths = 6 * runtime.NumCPU()
	}
	began := time.Now()
	tell := func(line string) { fmt.Printf("%s %s\n", time.Now().Format(time.TimeOnly), line) }
	tell(fmt.Sprintf("seed %d, %v", c.Seed, c.For))
	r, err := chaos.Run(ctx, chaos.Options{
		For: c.For, Round: c.Round, Apart: c.Apart, Tenths: c.Tenths, Seed: c.Seed,
		Allowed: allowed, Owner: owner(dir), Tell: tell,
	})
	if r == nil {
		return err
	}
	if c.Log != "" {
		err = errors.Join(err, os.WriteFile(c.Log, []byte(r.Log), 0o600))
	}
	fmt.Println()
	r.Write(os.Stdout)
	if err == nil && len(r.Wrong()) > 0 {
		err = errWrong
	}
	if err != nil {
		return fmt.Errorf("after %v: %w", time.Since(began).Round(time.Second), err)
	}
	return nil
}

// owner owns what is pretended, below a folder that goes in the end.
type owner string

// Helper is doubles.Owner's.
func (owner) Helper() {}

// TempDir is doubles.Owner's.
func (o owner) TempDir() string {
	dir, err := os.MkdirTemp(string(o), "")
	if err != nil {
		o.Fatal(err)
	}
	return dir
}

// Fatal is doubles.Owner's.
func (o owner) Fatal(args ...any) {
	_ = os.RemoveAll(filepath.Clean(string(o)))
	fmt.Fprintln(os.Stderr, append([]any{"soak:"}, args...)...)
	os.Exit(1)
}

// Fatalf is doubles.Owner's.
func (o owner) Fatalf(format string, args ...any) { o.Fatal(fmt.Sprintf(format, args...)) }
