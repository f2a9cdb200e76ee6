package verify

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Finding is one breach of a rule.
type Finding struct {
	Rule     string   `json:"rule"`
	Section  string   `json:"section"`
	Severity Severity `json:"severity"`
	URL      string   `json:"url"`
	Line     int      `json:"line,omitempty"` // of the playlist at URL; 0 where it is about no line
	Text     string   `json:"text"`
	// Count is how often the rule was broken in this rendition; only the first few of
	// these are findings of their own, of which the first one has the count.
	Count int `json:"count"`
}

// Report is what was found. Its JSON is what --json prints.
type Report struct {
	URL      string    `json:"url"`
	Kind     string    `json:"kind"` // "low latency", "live" or "on demand"
	Findings []Finding `json:"findings"`
	Checked  Checked   `json:"checked"`
	Seconds  float64   `json:"seconds"` // that it took
	// Incomplete is why not all could be checked; empty where all was.
	Incomplete string `json:"incomplete"`
}

// Checked is how much was looked at.
type Checked struct {
	Rules      int     `json:"rules"`
	Renditions int     `json:"renditions"`
	Playlists  int     `json:"playlists"`
	Segments   int     `json:"segments"`
	Parts      int     `json:"parts"`
	Bytes      int64   `json:"bytes"`
	Media      float64 `json:"media"` // seconds of media followed, of the rendition with the most
}

// Limits of a report, whatever a server does.
const (
	findingsPerRendition = 3
	maxFindings          = 300
)

// collector gathers findings from any number of goroutines.
type collector struct {
	mutex    sync.Mutex
	findings []Finding
	first    map[string]int // by rule and rendition, the index of the first finding
	kept     map[string]int
	checked  Checked
}

func newCollector() *collector {
	return &collector{first: map[string]int{}, kept: map[string]int{}}
}

// add takes a finding about a playlist, or about what it lists.
func (c *collector) add(f Finding, playlist string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	key := f.Rule + " " + playlist
	if i, again := c.first[key]; again {
		c.findings[i].Count++
	} else if len(c.findings) < maxFindings {
		c.first[key] = len(c.findings)
	}
	same := func(g Finding) bool { return g.Rule == f.Rule && g.URL == f.URL && g.Text == f.Text }
	if c.kept[key] >= findingsPerRendition || len(c.findings) >= maxFindings || slices.ContainsFunc(c.findings, same) {
		return
	}
	c.kept[key]++
	f.Count = 1
	c.findings = append(c.findings, f)
}

func (c *collector) count(add func(*Checked)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	add(&c.checked)
}

func (c *collector) seen() (Checked, int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.checked, len(c.findings)
}

// finder is one rule's way to report what it finds in a playlist.
type finder struct {
	rule     *Rule
	into     *collector
	playlist string // its URL
	url      string // of what the findings are about; the playlist's own unless at says otherwise
}

// found reports a breach. A line of 0 is none.
func (f *finder) found(line int, format string, args ...any) {
	f.into.add(Finding{
		Rule: f.rule.ID, Section: f.rule.Section, Severity: f.rule.Severity,
		URL: f.url, Line: line, Text: fmt.Sprintf(format, args...),
	}, f.playlist)
}

// at is the finder for another URL that the playlist is answerable for.
func (f *finder) at(url string) *finder { return &finder{f.rule, f.into, f.playlist, url} }

// apply calls look for each rule, with its finder for url.
func (c *collector) apply(url string, look func(*Rule, *finder)) {
	for i := range Rules {
		look(&Rules[i], &finder{&Rules[i], c, url, url})
	}
}

func (c *collector) report(url, kind string, took time.Duration) *Report {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	r := &Report{URL: url, Kind: kind, Findings: append([]Finding{}, c.findings...), Checked: c.checked, Seconds: took.Seconds()}
	r.Checked.Rules = len(Rules)
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(string(a.Severity), string(b.Severity)), // "must" comes first
			cmp.Compare(place(a.Rule), place(b.Rule)))
	})
	return r
}

// place is a rule's in the table.
func place(id string) int {
	return slices.IndexFunc(Rules, func(r Rule) bool { return r.ID == id })
}

// Write prints the report for humans.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	c := r.Checked
	fmt.Fprintf(&b, "%s\n%s: %d renditions, %d playlists, %d segments, %d parts, %.1f MB, %.0f s of media, by %d rules in %.0f s\n",
		r.URL, r.Kind, c.Renditions, c.Playlists, c.Segments, c.Parts, float64(c.Bytes)/1e6, c.Media, c.Rules, r.Seconds)
	last := ""
	for _, f := range r.Findings {
		if f.Rule != last {
			fmt.Fprintf(&b, "\n%s (%s, %s)\n", Rules[place(f.Rule)].Text, f.Severity, section(f))
			last = f.Rule
		}
		fmt.Fprintf(&b, "  %s", f.URL)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		fmt.Fprintf(&b, "\n    %s", f.Text)
		if f.Count > 1 {
			fmt.Fprintf(&b, " (%d times)", f.Count)
		}
		b.WriteByte('\n')
	}
	switch {
	case len(r.Findings) > 0:
		fmt.Fprintf(&b, "\n%d findings.\n", len(r.Findings))
	case r.Checked.Playlists == 0:
		b.WriteString("Nothing was checked.\n")
	case r.Incomplete != "":
		b.WriteString("Nothing was found in what was checked; it ended early.\n")
	default:
		b.WriteString("Nothing was found.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func section(f Finding) string {
	if f.Section == "notes" {
		return f.Rule
	}
	return f.Rule + ", rfc8216bis " + f.Section
}
