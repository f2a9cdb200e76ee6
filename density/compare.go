package density

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// ReadReport reads a report that was written as JSON.
func ReadReport(file string) (*Report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read an older report: %w", err)
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("read an older report: %s: %w", file, err)
	}
	if r.Version == "" || len(r.Kinds) == 0 {
		return nil, fmt.Errorf("read an older report: %s is none that ladderd bench --json has written", file)
	}
	return r, nil
}

// Comparison is what has changed since an older report.
type Comparison struct {
	Channels, WasChannels     int
	PerChannel, WasPerChannel float64 // CPU seconds per second
	// Differences are why the two may not be comparable.
	Differences []string
}

// Compare compares r with an older one.
func (r *Report) Compare(old *Report) Comparison {
	c := Comparison{r.Channels, old.Channels, r.PerChannel, old.PerChannel, nil}
	for _, d := range []struct{ what, now, was string }{
		{"the channels", strings.Join(r.Kinds, ", "), strings.Join(old.Kinds, ", ")},
		{"the machine", r.Machine.String(), old.Machine.String()},
		{"the backend", strings.Join(r.Backends, ", "), strings.Join(old.Backends, ", ")},
		{"the version", oneLine(r.Version), oneLine(old.Version)},
		{"the duration", fmt.Sprintf("%g s", r.Duration), fmt.Sprintf("%g s", old.Duration)},
		{"how late is late", fmt.Sprintf("%g ms", r.Part), fmt.Sprintf("%g ms", old.Part)},
	} {
		if d.now != d.was {
			c.Differences = append(c.Differences, fmt.Sprintf("%s: %s, was %s", d.what, d.now, d.was))
		}
	}
	for _, unsure := range []struct {
		which  string
		report *Report
	}{{"this", r}, {"the older", old}} {
		if !unsure.report.Confirmed {
			c.Differences = append(c.Differences, unsure.which+" report was interrupted")
		}
	}
	return c
}

// Text writes the comparison for people.
func (c Comparison) Text(w io.Writer) {
	fmt.Fprintf(w, "channels       %d, was %d%s\n", c.Channels, c.WasChannels, change(float64(c.Channels), float64(c.WasChannels)))
	fmt.Fprintf(w, "CPU a channel  %.3f, was %.3f%s\n", c.PerChannel, c.WasPerChannel, change(c.PerChannel, c.WasPerChannel))
	for _, d := range c.Differences {
		fmt.Fprintf(w, "differs        %s\n", d)
	}
}

// change is in percent; empty where one of the two was not measured.
func change(now, was float64) string {
	if now == 0 || was == 0 {
		return ""
	}
	return fmt.Sprintf(" (%+.0f %%)", (now/was-1)*100)
}

func (m Machine) String() string {
	return strings.Join(slices.Concat([]string{m.CPU, fmt.Sprintf("%d cores", m.Cores)}, m.GPUs), ", ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
