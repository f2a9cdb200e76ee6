package load

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Report is what the viewers saw, and what it cost. All figures are of the measured
// time, but for Join and Errors, which are of the whole run.
type Report struct {
	URL      string         `json:"url"`
	Viewers  int            `json:"viewers"`
	Variants map[string]int `json:"variants"` // times that each was joined
	Protocol string         `json:"protocol"` // "HTTP/1.1" or "HTTP/2"
	Ramp     float64        `json:"ramp_s"`
	Seconds  float64        `json:"measured_s"`
	Ended    bool           `json:"ended_early"` // before the time was over

	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"` // of bodies, as they were sent

	// From the request to the last byte. A held playlist's time is mostly waiting.
	PlaylistsHeld Quantiles `json:"playlists_held"`
	Playlists     Quantiles `json:"playlists"`
	Parts         Quantiles `json:"parts"`
	Segments      Quantiles `json:"segments"`
	// From when the first of all viewers had the playlist that listed the part: until
	// this viewer had that playlist, and until it had the part's last byte.
	PlaylistsLate Quantiles `json:"playlists_late"`
	PartsLate     Quantiles `json:"parts_late"`

	// Latency is how far behind the program date-times the viewers play.
	Latency Quantiles        `json:"live_latency"`
	Join    Quantiles        `json:"join"` // from the first request to the first picture
	Stalls  Stalls           `json:"stalls"`
	Errors  map[string]int64 `json:"errors"` // by what was asked for and what went wrong

	Server *ServerReport `json:"server"` // null where it is not on this machine
	// ServerNote says why not.
	ServerNote string `json:"server_note,omitempty"`
	// OwnCPU is what the viewers themselves took, in CPU seconds per second. Near the
	// number of cores the figures are theirs and not the server's.
	OwnCPU float64 `json:"own_cpu"`
	// OthersCPU is what all else on this machine took meanwhile, in the same unit: the
	// times above are to be trusted where it is small.
	OthersCPU float64 `json:"others_cpu"`
	Cores     int     `json:"cores"`
}

// Stalls is how often and how long players stood without media.
type Stalls struct {
	Viewers int64   `json:"viewers"` // that stood at least once
	Times   int64   `json:"times"`
	Seconds float64 `json:"seconds"`
}

// ServerReport is what the server's processes took.
type ServerReport struct {
	Name         string  `json:"name"`
	PIDs         []int   `json:"pids"`
	CPU          float64 `json:"cpu"` // CPU seconds per second
	MemoryBefore int64   `json:"memory_before_bytes"`
	MemoryPeak   int64   `json:"memory_peak_bytes"`
	// PerViewer is from before the first viewer to the peak; 0 where there were too few
	// viewers to tell.
	PerViewer int64 `json:"memory_per_viewer_bytes,omitempty"`
}

// fewest is from how many viewers on what they hold stands out: by itself a server's
// memory goes up and down by some megabytes, and a viewer holds tens of kilobytes.
const fewest = 200

func (r *run) report(m *meter, why error) *Report {
	seconds := m.measured().Seconds()
	p := &Report{
		URL: r.URL, Viewers: r.Viewers, Variants: r.variants, Protocol: "HTTP/1.1", Ramp: r.Ramp.Seconds(), Seconds: seconds,
		Ended:    m.measured() < r.Duration-time.Second/10,
		Requests: r.counted.Load(), Bytes: r.countedBytes.Load(),
		PlaylistsHeld: r.held.quantiles(), Playlists: r.loaded.quantiles(), PlaylistsLate: r.behind.quantiles(),
		Parts: r.parts.quantiles(), Segments: r.segments.quantiles(), PartsLate: r.late.quantiles(),
		Latency: r.latency.quantiles(), Join: r.joined.quantiles(),
		Stalls: Stalls{r.stalledViewers.Load(), r.stalls.Load(), time.Duration(r.waited.Load()).Seconds()},
		Errors: map[string]int64{}, Cores: runtime.GOMAXPROCS(0),
	}
	maps.Copy(p.Errors, r.errors)
	if r.shared {
		p.Protocol = "HTTP/2"
	}
	if seconds > 0 {
		p.OwnCPU = (m.ownUntil - m.ownFrom).Seconds() / seconds
		p.OthersCPU = max((m.allUntil-m.allFrom).Seconds()/seconds-p.OwnCPU, 0)
	}
	if r.server == nil {
		p.ServerNote = why.Error()
		return p
	}
	p.Server = &ServerReport{
		Name: r.server.Name, PIDs: r.server.PIDs, MemoryBefore: m.before.Memory, MemoryPeak: m.peak,
	}
	if r.Viewers >= fewest {
		p.Server.PerViewer = max(m.peak-m.before.Memory, 0) / int64(r.Viewers)
	}
	if seconds > 0 {
		p.Server.CPU = (m.serverUntil.CPU - m.serverFrom.CPU).Seconds() / seconds
		p.OthersCPU = max(p.OthersCPU-p.Server.CPU, 0)
	}
	return p
}

// Text writes the report for people.
func (p *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "%d viewers of %s by %s\n", p.Viewers, p.URL, p.Protocol)
	fmt.Fprintf(w, "measured for %.1f s, after they had come over %.1f s; they joined", p.Seconds, p.Ramp)
	for _, name := range slices.Sorted(maps.Keys(p.Variants)) {
		fmt.Fprintf(w, " %s ×%d", name, p.Variants[name])
	}
	fmt.Fprintln(w)
	if p.Ended {
		fmt.Fprintln(w, "the stream ended, or the run was interrupted, before the time was over")
	}
	fmt.Fprintf(w, "\n%-44s%10s%10s%10s%10s%10s\n", "milliseconds", "count", "p50", "p90", "p99", "most")
	row := func(what string, q Quantiles) {
		if q.Count > 0 {
			fmt.Fprintf(w, "%-44s%10d%10.1f%10.1f%10.1f%10.1f\n", what, q.Count, q.P50, q.P90, q.P99, q.Max)
		}
	}
	row("playlist, held until there is more", p.PlaylistsHeld)
	row("  after the first viewer had it", p.PlaylistsLate)
	row("playlist, at once", p.Playlists)
	row("part, from request to last byte", p.Parts)
	row("  after any viewer knew of it", p.PartsLate)
	row("segment, from request to last byte", p.Segments)
	row("joining, to the first picture", p.Join)
	row("live latency, by program date-time", p.Latency)
	p.textOfCosts(w)
}

func (p *Report) textOfCosts(w io.Writer) {
	fmt.Fprintf(w, "\nstalls    %d of %d viewers, %d times, %.1f s in all\n", p.Stalls.Viewers, p.Viewers, p.Stalls.Times, p.Stalls.Seconds)
	if len(p.Errors) == 0 {
		fmt.Fprintln(w, "errors    none")
	}
	for _, what := range slices.Sorted(maps.Keys(p.Errors)) {
		fmt.Fprintf(w, "error     %s, %d times\n", what, p.Errors[what])
	}
	if p.Seconds > 0 {
		fmt.Fprintf(w, "received  %.1f MB, %.1f Mb/s, %.0f requests/s\n",
			float64(p.Bytes)/1e6, float64(p.Bytes)*8/1e6/p.Seconds, float64(p.Requests)/p.Seconds)
	}
	if s := p.Server; s != nil {
		pids := strings.Trim(fmt.Sprint(s.PIDs), "[]")
		each := fmt.Sprintf("%.1f KB per viewer", float64(s.PerViewer)/1e3)
		if p.Viewers < fewest {
			each = "too few viewers to tell what each takes"
		}
		fmt.Fprintf(w, "server    %s (%s): %.2f CPU-s/s, %.3f ms of CPU per viewer and second; memory %.1f MB, %.1f before, %s\n",
			s.Name, pids, s.CPU, s.CPU*1000/float64(p.Viewers), float64(s.MemoryPeak)/1e6, float64(s.MemoryBefore)/1e6, each)
	} else {
		fmt.Fprintf(w, "server    its CPU and memory are not known: %s\n", p.ServerNote)
	}
	fmt.Fprintf(w, "viewers   %.2f CPU-s/s on %d cores, all else here %.2f\n", p.OwnCPU, p.Cores, p.OthersCPU)
	if p.OwnCPU > 0.7*float64(p.Cores) {
		fmt.Fprintln(w, "          they took most of this machine: the times above are theirs as much as the server's")
	}
}
