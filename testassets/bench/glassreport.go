package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"ladderd/testassets/stamp"
)

// What is asked of the way from the camera to the screen, in seconds.
const (
	aimGlass      = 1.5 // at the 95th percentile, at the default part duration
	aimGlassShort = 1.0 // the same with parts of 200 ms
	aimJoin       = 0.5 // from opening the page to the first frame
)

// glass is what a browser showed of one broadcast, in seconds.
type glass struct {
	GOP    float64 `json:"gop_s"`
	Target float64 `json:"target_s"` // the latency that the player wants: PART-HOLD-BACK
	Aim    float64 `json:"aim_p95_s"`
	Frames int     `json:"frames"`
	// Unreadable pictures are those whose stamp was lost in coding.
	Unreadable int       `json:"unreadable"`
	Waits      int       `json:"stalls"`
	Median     float64   `json:"p50_s"`
	P95        float64   `json:"p95_s"`
	Worst      float64   `json:"worst_s"`
	Ahead      float64   `json:"buffer_median_s"` // of it, what the player had in its buffer
	Lost       int       `json:"frames_not_shown"`
	Joined     []float64 `json:"first_frame_s"`
	Late       float64   `json:"camera_late_s"` // the encoder's worst delay in taking a frame
	// BrowserCPU is what decoding by software, showing and reading the stamps take,
	// in CPU-seconds per second.
	BrowserCPU float64 `json:"browser_cpu"`
}

// take works out how old each frame was when it was on the screen, but for those
// of the time in which the player still settles.
func (g *glass) take(seen stamp.Watched) error {
	if len(seen.Frames) == 0 {
		return errors.New("the browser has shown no frame")
	}
	from := seen.Frames[0].Shown + float64(settled.Milliseconds())
	var ages, ahead []float64
	last := stamp.Frame{}
	for _, f := range seen.Frames {
		if f.Shown < from {
			last = f
			continue
		}
		g.Lost += f.Dropped - last.Dropped
		last = f
		g.Frames++
		if f.Number < 0 {
			g.Unreadable++
			continue
		}
		ages = append(ages, age(f).Seconds())
		ahead = append(ahead, f.Ahead)
	}
	g.Waits = len(seen.Waits)
	g.Median, g.P95, g.Worst = percentile(ages, 50), percentile(ages, 95), percentile(ages, 100)
	g.Ahead = percentile(ahead, 50)
	return nil
}

// age is the time from a frame's capture to its being on the screen. The stamp is
// the capture's time in milliseconds, of which the upper digits are missing.
func age(f stamp.Frame) time.Duration {
	shown := int64(math.Round(f.Shown))
	return time.Duration(uint16(shown-int64(f.Number))) * time.Millisecond
}

type glassReport struct {
	Seconds    int      `json:"seconds"`
	Source     string   `json:"source"`
	Rendition  string   `json:"rendition"`
	Load       []string `json:"load"`
	Broadcasts []*glass `json:"broadcasts"`
	Aims       []aim    `json:"aims"`
}

func (r *glassReport) judge() {
	var joined []float64
	var joins []basis
	for _, g := range r.Broadcasts {
		r.Aims = append(r.Aims, atMost(fmt.Sprintf("seconds from camera to screen at p95, GOP of %g s, target %.3f s", g.GOP, g.Target), g.Aim, g.P95,
			basis{int64(g.Frames - g.Unreadable), int64(g.Unreadable), "stamps read"}))
		joined = append(joined, percentile(g.Joined, 50))
		joins = append(joins, basis{taken: int64(len(g.Joined)), what: "first frames"})
	}
	r.Aims = append(r.Aims, atMost("seconds from opening the page to the first frame, median, worst broadcast", aimJoin, positive(spanOf(joined).Max), joins...))
}

func (r *glassReport) text(w io.Writer) {
	fmt.Fprintf(w, "%s from a live encoder over RTMP, %s in Chromium on the same machine, %d s each; seconds\n\n", r.Source, r.Rendition, r.Seconds)
	fmt.Fprintf(w, "%-5s%-9s%-8s%-8s%-8s%-11s%-8s%-8s%-12s%-9s%-13s%s\n", "GOP", "target", "p50", "p95", "worst", "in buffer", "frames", "stalls", "unreadable", "dropped", "browser CPU", "first frame")
	for _, g := range r.Broadcasts {
		fmt.Fprintf(w, "%-5g%-9.3f%-8.3f%-8.3f%-8.3f%-11.3f%-8d%-8d%-12d%-9d%-13.2f%s\n", g.GOP, g.Target, g.Median, g.P95, g.Worst, g.Ahead,
			g.Frames, g.Waits, g.Unreadable, g.Lost, g.BrowserCPU, spanOf(g.Joined))
	}
	fmt.Fprintln(w)
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nLoad: %s.\n", strings.Join(r.Load, ", then "))
}
