package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Options say who watches what, and for how long.
type Options struct {
	URL     string // of the multivariant playlist, or of a media playlist
	Viewers int
	// Duration is how long they are measured, from when all of them are there.
	Duration time.Duration
	// Ramp is over how long they come; 0 has 500 of them come each second.
	Ramp time.Duration
	// Variant is the name of the one that all watch: its rendition's NAME, or else
	// its URI. Empty takes the one with the highest bandwidth, where a fast player ends.
	Variant string
	// Spread has the viewers take turns over all variants.
	Spread bool
	// Insecure takes any certificate.
	Insecure bool
	// Progress, which may be nil, is told each second how it goes.
	Progress func(Progress)
}

// defaultRate is how many viewers come in a second where no ramp is asked for.
const defaultRate = 500

var (
	errViewers  = errors.New("at least one viewer is needed")
	errDuration = errors.New("the duration must be longer than nothing")
	errChoice   = errors.New("a variant and spread exclude each other")
)

func (o *Options) check() error {
	switch {
	case o.Viewers < 1:
		return errViewers
	case o.Duration <= 0 || o.Ramp < 0:
		return errDuration
	case o.Spread && o.Variant != "":
		return errChoice
	}
	if o.Ramp == 0 {
		o.Ramp = time.Duration(o.Viewers) * time.Second / defaultRate
	}
	return nil
}

// checkFiles wants as many open files as the viewers have connections. Go has raised
// the process's own limit to the hard one already.
func checkFiles(viewers, each int) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	const others = 64
	if need := uint64(viewers*each + others); need > l.Max {
		return fmt.Errorf("%d viewers need %d open files, and this process may have %d: raise the limit (ulimit -Hn), or take fewer viewers",
			viewers, need, l.Max)
	}
	return nil
}

func (o *Options) tls() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: o.Insecure,
		// Each viewer shakes hands as a stranger does: no session is resumed.
		MinVersion: tls.VersionTLS12,
	}
}
