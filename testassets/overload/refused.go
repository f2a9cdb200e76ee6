package overload

import (
	"fmt"
	"strings"
	"time"
)

// words are what a publisher is told that there is no room for (guide, line 7808).
const words = "Transcode capacity exceeded. Please try again."

// Refused is a channel that was.
type Refused struct {
	Channel string `json:"channel"`
	// After is how long after its publisher was let in, by the daemon's log.
	After time.Duration `json:"after_ns"`
	// Event says that there was one, with the guide's words, and Told that ffmpeg showed them.
	Event bool `json:"event"`
	Told  bool `json:"told"`
}

// refused finds out how a channel was. The daemon has ended.
func (r *run) refused(id string) (Refused, error) {
	refused := Refused{Channel: id, Told: strings.Contains(r.publishers[id].Output(), words)}
	var came, went time.Time
	for line := range strings.Lines(r.daemon.Output()) {
		if !strings.Contains(line, " channel="+id+" ") || !strings.Contains(line, " msg=event ") {
			continue
		}
		at, err := timeOf(line)
		if err != nil {
			return refused, err
		}
		switch {
		case strings.Contains(line, `name="Session Created"`):
			came = at
		case strings.Contains(line, `name="Stream Failure"`) && strings.Contains(line, words):
			went, refused.Event = at, true
		}
	}
	refused.After = went.Sub(came)
	return refused, nil
}

// timeOf is when a line of the log was written.
func timeOf(line string) (time.Time, error) {
	text, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("read the daemon's log: %q: %w", line, err)
	}
	return at, nil
}
