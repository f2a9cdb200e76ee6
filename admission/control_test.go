package admission

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/gpu"
	"ladderd/media"
	"ladderd/pipeline"
)

var (
	cpu   = gpu.Device{Name: "CPU", Cores: 16}
	t4    = gpu.Device{API: pipeline.CUDA, ID: "GPU-1", Name: "NVIDIA T4", Driver: "535", Memory: 16 << 30}
	other = gpu.Device{API: pipeline.CUDA, ID: "GPU-2", Name: "NVIDIA T4", Driver: "535", Memory: 16 << 30}
	h100  = gpu.Device{API: pipeline.CUDA, ID: "GPU-3", Name: "NVIDIA H100", Driver: "535", Memory: 80 << 30}
	iris  = gpu.Device{API: pipeline.VA, ID: "/dev/dri/renderD128", Name: "Intel", Driver: "i915"}
)

// proven is a device on which all works that ladders need, at so many pixels a second, with so many
// encoders at once.
func proven(d gpu.Device, rate float64, sessions int) gpu.Proof {
	p := gpu.Proof{Device: d, At: time.Unix(1_700_000_000, 0)}
	add := func(task pipeline.Task, codec pipeline.Codec, width, height int, onDevice bool) {
		r := gpu.Result{Task: task, Codec: codec, Width: width, Height: height, OnDevice: onDevice, PixelRate: rate}
		if d.API == pipeline.CPU {
			r.PerCore = rate / float64(d.Cores)
		}
		p.Results = append(p.Results, r)
	}
	add(pipeline.Decode, pipeline.H264, 1920, 1080, false)
	add(pipeline.Scale, "", 1920, 1080, false)
	for _, size := range [][2]int{{1920, 1080}, {1280, 720}, {720, 1280}, {284, 160}, {160, 284}} {
		add(pipeline.Encode, pipeline.H264, size[0], size[1], false)
		add(pipeline.Encode, pipeline.H264, size[0], size[1], true)
	}
	p.Results = append(p.Results, gpu.Result{
		Task: pipeline.Sessions, Codec: pipeline.H264, Width: 640, Height: 360, Sessions: sessions, Capped: "that is all",
	})
	return p
}

// noEncoder has a device decode and scale only.
func noEncoder(p gpu.Proof) gpu.Proof {
	for i := range p.Results {
		if p.Results[i].Task == pipeline.Encode {
			p.Results[i].Why = "this GPU has no video encoder"
		}
	}
	return p
}

// job is a ladder of four renditions of 720p, as ADVANCED_HD's.
func job() pipeline.Job {
	rate := media.Rate{Num: 30, Den: 1}
	j := pipeline.Job{Video: media.VideoParams{Width: 1280, Height: 720}, Rate: rate}
	for _, size := range [][2]int{{1280, 720}, {852, 480}, {640, 360}, {284, 160}} {
		j.Videos = append(j.Videos, pipeline.VideoOutput{Width: size[0], Height: size[1], Rate: rate, Bitrate: size[0] * 1000})
	}
	return j
}

// choices are which of its outputs may go.
var choices = [][]int{nil, {2}, {1}, {2, 1}, {0}, {2, 0}, {1, 0}, {2, 1, 0}}

// desk is a control for tests.
type desk struct {
	*Control
	t     *testing.T
	log   bytes.Buffer
	count int
}

// newDesk has channels of these policies, and knows of no device.
func newDesk(t *testing.T, channels map[string]Channel) *desk {
	t.Helper()
	d := &desk{t: t}
	c, err := New(Options{Log: slog.New(slog.NewTextHandler(&d.log, nil)), CPU: cpu, Part: time.Second / 3})
	if err != nil {
		t.Fatal(err)
	}
	d.Control = c
	c.Heed(channels, Policy{}, true)
	return d
}

func settled(t *testing.T, channels map[string]Channel, proofs ...gpu.Proof) *desk {
	t.Helper()
	d := newDesk(t, channels)
	d.Settle(proofs)
	return d
}

func wish(stream, channel string) Wish {
	return Wish{Stream: stream, Channel: channel, Job: job(), Shed: choices}
}

// place places a channel's next stream, and says what it is made on.
func (d *desk) place(channel string) (stream, on string) {
	d.t.Helper()
	d.count++
	stream = fmt.Sprintf("st-%d", d.count)
	g, err := d.Place(d.t.Context(), wish(stream, channel))
	if err != nil {
		return stream, err.Error()
	}
	on = g.Backend.String()
	if len(g.Shed) > 0 {
		on += fmt.Sprint(" without ", g.Shed)
	}
	return stream, on
}

func (d *desk) backendOf(stream string) pipeline.Backend {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.carried[stream].backend
}

// says wants a line of the log, once.
func (d *desk) says(words ...string) {
	d.t.Helper()
	n := 0
	for line := range strings.Lines(d.log.String()) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			n++
		}
	}
	if n != 1 {
		d.t.Errorf("%q is %d times in the log\n%s", words, n, d.log.String())
	}
}

var (
	anyGPU = map[string]Channel{"a": {}}
	onT4   = "nvenc on GPU-1 (decode, scale, encode)"
	onOne  = "nvenc on GPU-2 (decode, scale, encode)"
)
