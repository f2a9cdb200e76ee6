package ingest

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Parameters are what a publisher may put behind its stream key.
type Parameters struct {
	// Priority is the takeover's, 1 to MaxPriority (guide, line 9285); 0 where there
	// is none.
	Priority int
	// KeyframeInterval is what the encoder is set to, at most: 2 to 6 whole seconds
	// (guide, line 4415); 0 where it is not told. Without meaning on ADVANCED
	// channels, whose ladder has a grid of its own.
	KeyframeInterval time.Duration
}

// MaxPriority is the highest priority that there is.
const MaxPriority = 1<<31 - 1

// Seconds that keyframeInterval may be.
const minInterval, maxInterval = 2, 6

// ErrInterval is a keyframeInterval that is not allowed.
var ErrInterval = errors.New("keyframeInterval is not a whole number of seconds from 2 to 6")

// ReadParameters reads the query behind a stream key, without what it does not
// know. What is wrong in it is told in an error that wraps ErrPriority or
// ErrInterval, and left out of the parameters.
func ReadParameters(query url.Values) (Parameters, error) {
	var p Parameters
	priority, errPriority := whole(query, "priority", 1, MaxPriority, ErrPriority)
	seconds, errSeconds := whole(query, "keyframeInterval", minInterval, maxInterval, ErrInterval)
	p.Priority, p.KeyframeInterval = priority, time.Duration(seconds)*time.Second
	return p, errors.Join(errPriority, errSeconds)
}

// whole is a parameter between least and most, or 0 where it is not there; wrong
// is wrapped for one that is not allowed.
func whole(query url.Values, name string, least, most int, wrong error) (int, error) {
	if !query.Has(name) {
		return 0, nil
	}
	text := query.Get(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%w: %s=%.20s (allowed: %d to %d)", wrong, name, text, least, most)
	}
	return n, nil
}
