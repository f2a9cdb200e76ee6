package main

import (
	"fmt"
	"io"

	"ladderd/load"
)

// What is asked of serving viewers.
const (
	aimCPURatio  = 1.25 // to nginx, over HTTP
	aimPartP99   = 50   // ms, from request to last byte
	aimPartCount = 2000 // viewers, for that
	aimMemory    = 40   // KB per viewer
)

// crowdRun is so many viewers once at the daemon and once at nginx.
type crowdRun struct {
	Scheme  string `json:"scheme"`
	Viewers int    `json:"viewers"`
	Ladderd served `json:"ladderd"`
	Nginx   served `json:"nginx"`
	// Ratio is ladderd's CPU per viewer to nginx's, without what ladderd takes to
	// receive and package the stream; RatioAll is with it.
	Ratio    float64      `json:"cpu_ratio"`
	RatioAll float64      `json:"cpu_ratio_with_packaging"`
	Seen     *load.Report `json:"ladderd_report"`
}

// served is what a server took and what viewers saw of it.
type served struct {
	CPU      float64 `json:"cpu"`      // CPU seconds per second
	Idle     float64 `json:"cpu_idle"` // of it, with nobody watching
	Requests float64 `json:"requests_per_s"`
	Answers  int64   `json:"requests"` // what Failed is to be seen beside
	Parts    int64   `json:"parts"`    // that P50 and P99 are of
	P50      float64 `json:"part_p50_ms"`
	P99      float64 `json:"part_p99_ms"`
	LateP99  float64 `json:"part_late_p99_ms"` // after any viewer knew of it; ladderd only
	Memory   float64 `json:"kb_per_viewer"`
	Stalls   int64   `json:"stalls"`
	Failed   int64   `json:"failed"`
	Own      float64 `json:"viewers_cpu"` // of the load generator
	Others   float64 `json:"others_cpu"`  // of all other programs meanwhile
}

type crowdReport struct {
	Seconds int         `json:"seconds"`
	Bitrate int         `json:"bitrate"`
	Load    []string    `json:"load"`
	Runs    []*crowdRun `json:"runs"`
	LeftOut []string    `json:"left_out"`
	Aims    []aim       `json:"aims"`
}

func newCrowdReport(c *viewersCommand) *crowdReport {
	r := &crowdReport{Seconds: c.Seconds, Bitrate: c.Bitrate, Load: []string{machineLoad()}}
	if few := cores(); few != "" {
		r.LeftOut = append(r.LeftOut, few)
	}
	return r
}

func (c *crowdRun) live(p *load.Report, idle float64) {
	c.Seen = p
	c.Ladderd = served{
		Idle: idle, Requests: float64(p.Requests) / p.Seconds, Answers: p.Requests, Parts: p.Parts.Count, P50: p.Parts.P50, P99: p.Parts.P99,
		LateP99: p.PartsLate.P99, Stalls: p.Stalls.Times, Own: p.OwnCPU, Others: p.OthersCPU,
	}
	for _, n := range p.Errors {
		c.Ladderd.Failed += n
	}
	if p.Server != nil {
		c.Ladderd.CPU, c.Ladderd.Memory = p.Server.CPU, float64(p.Server.PerViewer)/1e3
	}
}

func (c *crowdRun) static(r *replayed, seconds int) {
	c.Nginx = served{
		CPU: r.cpu, Requests: float64(r.requests) / float64(seconds), Answers: int64(r.requests), Parts: int64(len(r.parts)), Memory: float64(r.memory) / 1e3, Failed: int64(r.failed),
		P50: percentile(r.parts, 50) * 1000, P99: percentile(r.parts, 99) * 1000, Own: r.own, Others: r.others,
	}
	if c.Ladderd.Requests <= 0 || c.Ladderd.CPU <= 0 || c.Nginx.Requests <= 0 || c.Nginx.CPU <= 0 {
		return // nothing to compare, as judge says
	}
	// By request, since the two runs are of different seconds of the stream.
	mine, theirs := c.Ladderd.Requests, c.Nginx.CPU/c.Nginx.Requests
	c.Ratio = (c.Ladderd.CPU - c.Ladderd.Idle) / mine / theirs
	c.RatioAll = c.Ladderd.CPU / mine / theirs
}

// answers is what a server's figures rest on.
func (s served) answers(server string) basis {
	return basis{s.Answers, s.Failed, "requests to " + server}
}

// judge holds the runs over HTTP to the aims, and of the memory the worst run. What a
// server has spent on requests that failed is not compared.
func (r *crowdReport) judge() {
	r.Load = append(r.Load, machineLoad())
	memory := 0.0
	var all []basis
	for _, c := range r.Runs {
		memory = max(memory, positive(c.Ladderd.Memory)) // one that is unknown makes the worst unknown
		ours, theirs := c.Ladderd.answers("ladderd"), c.Nginx.answers("nginx")
		all = append(all, ours)
		if c.Scheme != "http" {
			continue
		}
		r.Aims = append(r.Aims, atMost(fmt.Sprintf("CPU per viewer to nginx's, %d viewers over HTTP", c.Viewers), aimCPURatio, positive(c.Ratio), ours, theirs))
		if c.Viewers == aimPartCount {
			r.Aims = append(r.Aims,
				atMost("ms from a part's request to its last byte at p99, 2000 viewers over HTTP", aimPartP99, c.Ladderd.P99,
					basis{taken: c.Ladderd.Parts, what: "parts"}, ours))
		}
	}
	if len(r.Runs) > 0 {
		r.Aims = append(r.Aims, atMost("KB of memory per viewer, worst run", aimMemory, memory, all...))
	}
}

func (r *crowdReport) text(w io.Writer) {
	fmt.Fprintf(w, "Viewers of one channel of %.1f Mb/s on loopback, each run measured for %d s; nginx serves the same bytes as files\n",
		float64(r.Bitrate)/1e6, r.Seconds)
	fmt.Fprintf(w, "\n%-8s%-8s%-9s%9s%9s%12s%9s%9s%9s%10s%8s%8s%10s%8s\n", "", "viewers", "server", "CPU-s/s", "idle", "requests/s",
		"p50 ms", "p99 ms", "late p99", "KB/viewer", "stalls", "errors", "load gen.", "others")
	for _, c := range r.Runs {
		for _, s := range []struct {
			name string
			served
		}{{"ladderd", c.Ladderd}, {"nginx", c.Nginx}} {
			fmt.Fprintf(w, "%-8s%-8d%-9s%9.2f%9.2f%12.0f%9.1f%9.1f%9.1f%10.1f%8d%8d%10.2f%8.2f\n", c.Scheme, c.Viewers, s.name, s.CPU, s.Idle,
				s.Requests, s.P50, s.P99, s.LateP99, s.Memory, s.Stalls, s.Failed, s.Own, s.Others)
		}
		fmt.Fprintf(w, "%-25sCPU per request %.2f of nginx's; %.2f with receiving and packaging the stream\n", "", c.Ratio, c.RatioAll)
	}
	fmt.Fprint(w, `
p50 and p99 are from a part's request to its last byte; late p99 is from when any viewer
knew of the part. The load generator's and all other programs' CPU is in CPU-s/s too: where
the others take much of the machine, times say little. Memory is the processes' own, without the kernel's socket buffers.
The same: the bytes, their headers' number and size within some bytes, the requests, their
rate, and that all viewers ask at once. Not the same: ladderd holds the playlists' requests
until a part is there and wakes their viewers itself, where nginx is asked by a clock; it
makes the playlists and parts while it serves them; nginx runs a process per core.
`)
	for _, what := range r.LeftOut {
		fmt.Fprintln(w, "Left out:", what)
	}
	fmt.Fprintln(w)
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nLoad: %s, then %s.\n", r.Load[0], r.Load[len(r.Load)-1])
}
