package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a run has found.
type Report struct {
	Seed      uint64         `json:"seed"`
	Took      time.Duration  `json:"took_ns"`
	Channels  []string       `json:"channels"` // their types
	Events    map[string]int `json:"events"`
	Ended     int            `json:"ended"`     // publishers' connections that the daemon ended
	Playlists int            `json:"playlists"` // that viewers read and held to the rules
	Whole     int            `json:"whole"`     // streams that were read whole
	Allowed   Growth         `json:"allowed"`
	Quiet     []Figures      `json:"quiet"`
	Faults    []string       `json:"faults"`
	Log       string         `json:"-"` // the daemon's
}

// Wrong is all that speaks against the daemon; empty where nothing does.
func (r *Report) Wrong() []string {
	wrong := slices.Clone(r.Faults)
	for _, t := range Trends(r.Quiet, r.Allowed) {
		if t.Grew() {
			wrong = append(wrong, "it has grown: "+t.String())
		}
	}
	return wrong
}

// crashes looks for them in the daemon's log.
func (r *Report) crashes() {
	for _, bad := range []string{"panic:", "fatal error:", "DATA RACE"} {
		if strings.Contains(r.Log, bad) {
			r.Faults = append(r.Faults, fmt.Sprintf("the daemon's log has %q in it", bad))
		}
	}
}

// Write is the report for people.
func (r *Report) Write(w io.Writer) {
	fmt.Fprintf(w, "%v of chaos, seed %d, on %d channels: %s\n\n", r.Took.Round(time.Second), r.Seed, len(r.Channels), strings.Join(r.Channels, ", "))
	for _, name := range slices.Sorted(maps.Keys(r.Events)) {
		fmt.Fprintf(w, "%6d  %s\n", r.Events[name], name)
	}
	fmt.Fprintf(w, "%6d  publishers' connections were ended by the daemon\n", r.Ended)
	fmt.Fprintf(w, "%6d  playlists were read, and %d streams whole\n\n", r.Playlists, r.Whole)
	third := max(len(r.Quiet)/3, 1)
	fmt.Fprintf(w, "%d quiet points; medians of the first and the last %d\n", len(r.Quiet), third)
	for _, t := range Trends(r.Quiet, r.Allowed) {
		fmt.Fprintln(w, t)
	}
	for _, wrong := range r.Wrong() {
		fmt.Fprintln(w, "WRONG:", wrong)
	}
}
