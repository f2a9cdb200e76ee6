package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ladderd/admission"
	"ladderd/config"
	"ladderd/gpu"
	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/route"
	"ladderd/stream"
)

// devices is what the daemon knows of this machine's, and who has them.
type devices struct {
	log     *slog.Logger
	control *admission.Control
	survey  gpu.Survey

	mu     sync.Mutex
	wanted map[string]admission.Policy // by channel, of those that are encoded
	looked bool                        // the devices have been looked at, or are
	spare  context.CancelFunc          // ends the measuring of the CPU; nil while nobody does
}

func newDevices(cfg *config.Config, log *slog.Logger) (*devices, error) {
	d := &devices{log: log, survey: newSurvey(cfg, log)}
	control, err := newControl(cfg, d.survey.Machine.CPU(), log)
	d.control = control
	d.heed(cfg)
	return d, err
}

// newControl is the same for the daemon and for fit.
func newControl(cfg *config.Config, cpu gpu.Device, log *slog.Logger) (*admission.Control, error) {
	c, err := admission.New(admission.Options{
		Log: log, CPU: cpu, Part: cfg.Playback.PartDuration, Network: cfg.Limits.Network, Disk: cfg.Limits.Disk,
	})
	if err == nil {
		c.Heed(heeded(cfg), others(cfg), cfg.Pipeline.Placement == "spread")
	}
	return c, err
}

// heed takes what the configuration wants of the channels.
func (d *devices) heed(cfg *config.Config) {
	channels := heeded(cfg)
	d.control.Heed(channels, others(cfg), cfg.Pipeline.Placement == "spread")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = map[string]admission.Policy{}
	for _, c := range cfg.Channels {
		if c.Type != ladder.Basic {
			d.wanted[c.ID] = channels[c.ID].Policy
		}
	}
	if cfg.API.Listen.On() {
		d.wanted["(of the API)"] = others(cfg)
	}
}

// others is what holds for channels that are not in the file: those that the API makes.
func others(cfg *config.Config) admission.Policy { return policyOf(cfg.Transcoding(config.Channel{})) }

// heeded is what admission is to know of the channels.
func heeded(cfg *config.Config) map[string]admission.Channel {
	channels := map[string]admission.Channel{}
	for _, c := range cfg.Channels {
		channel := admission.Channel{Policy: policyOf(cfg.Transcoding(c))}
		if c.Reserved {
			channel.Reserved = largest(c)
		}
		channels[c.ID] = channel
	}
	return channels
}

func policyOf(t config.Transcoding) admission.Policy {
	return admission.Policy{Make: gpu.Wanted(t.Backend), Where: admission.Where(t.Policy), Shed: t.WhenFull == "shed"}
}

// largest is the most that a channel's streams may be: full HD at 60 frames a second. It is
// nil where that needs no encoder.
func largest(c config.Channel) *pipeline.Job {
	in := ladder.Input{Width: 1920, Height: 1080, Rate: media.Rate{Num: 60, Den: 1}, Audio: true}
	renditions, err := ladder.For(c.Type, c.Preset, in)
	if err != nil {
		return nil
	}
	video := &media.VideoParams{Width: in.Width, Height: in.Height, Rate: in.Rate}
	job := route.New("", renditions, route.Source{Video: video, Rate: in.Rate}, 0).Job
	if len(job.Videos) == 0 {
		return nil
	}
	return &job
}

// newSurvey is the same for the daemon and for probe, so that one finds what the other
// has kept.
func newSurvey(cfg *config.Config, log *slog.Logger) gpu.Survey {
	machine := gpu.Machine{
		Nodes: cfg.Pipeline.RenderNodes,
		Cards: func(from int) *exec.Cmd { return pipeline.Self("nvidia", "--from", strconv.Itoa(from)) },
	}
	if visible, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); set {
		machine.Visible = strings.Split(visible, ",")
	}
	switch os.Getenv("NVIDIA_VISIBLE_DEVICES") {
	case "none", "void":
		machine.Withheld = true
	}
	return gpu.Survey{
		Machine: machine,
		Cache:   gpu.Cache{Path: filepath.Join(cfg.Server.DataDir, "devices.json"), By: version()},
		Prover:  gpu.Prover{Try: trier(log)},
	}
}

// trier has trials done. They are expected to fail, and what matters of that is in their
// findings: the rest of what drivers say is for who asked for everything.
func trier(log *slog.Logger) gpu.Try {
	if !log.Enabled(context.Background(), slog.LevelDebug) {
		log = slog.New(slog.DiscardHandler)
	}
	return func(ctx context.Context, t pipeline.Trial) (pipeline.Finding, error) {
		return pipeline.Try(ctx, pipeline.TryOptions{Log: log}, t)
	}
}

// prove finds out what the devices do, and tells the log. Streams that might use them wait
// until one of these was seen to encode (admission.Control), for at most 12 s: then it is the
// CPU's, or refused, by policy. Where all channels want the CPU no driver is touched, until a
// reload brings one that does not; after that it does nothing.
func (d *devices) prove(ctx context.Context) {
	if !d.hardware() {
		d.log.Info("GPUs are not looked at: no channel wants one")
		d.control.Settle([]gpu.Proof{d.survey.Processor()})
		d.tell(d.survey.Processor())
		d.measure(ctx)
		return
	}
	if !d.first() {
		return
	}
	start := time.Now()
	var begun, told sync.Map // devices
	d.survey.Prover.Tell = func(device gpu.Device, t pipeline.Trial) {
		if _, known := begun.LoadOrStore(device.Use(), true); !known {
			d.log.Info("trying what a device does: streams that might use it wait for that",
				"name", device.Name, "id", device.ID, "takes", "seconds, up to a minute where its driver hangs")
		}
		d.log.Debug("trying a device", "name", device.Name, "id", device.ID, "trial", gpu.Describe(t))
	}
	d.survey.Prover.Proven = func(p gpu.Proof) {
		d.control.Learn(p)
		if _, known := told.LoadOrStore(p.Device, true); !known {
			d.tell(p)
		}
	}
	proofs, err := d.survey.Run(ctx)
	if ctx.Err() != nil {
		return // the daemon stops
	}
	if err != nil {
		d.log.Warn("what the devices do is not kept for the next start", "reason", err)
	}
	d.control.Settle(proofs)
	if took := time.Since(start); trying(&begun) {
		d.log.Info("all devices are tried", "took", took.Round(time.Second/10))
	}
	for _, p := range proofs {
		if _, known := told.LoadOrStore(p.Device, true); !known { // nothing was tried on it
			d.tell(p)
		}
	}
	d.judge(proofs)
	d.measure(ctx)
}

// measure finds out how fast the CPU is, where that is not known and nothing is encoded. It
// takes all cores for seconds, so the first stream that comes ends it; what is supposed of
// the CPU has to do then, until the next start.
func (d *devices) measure(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if !d.encodes() || gpu.Measured([]gpu.Proof{d.survey.Processor()}) || !d.idle(stop) {
		return
	}
	proof, err := d.survey.Measure(ctx)
	ended := ctx.Err() != nil
	d.stopMeasuring()
	if ended {
		return
	}
	if err != nil {
		d.log.Warn("what the CPU does is not kept for the next start", "reason", err)
	}
	d.control.Learn(proof)
	d.tell(proof)
}

// encodes says whether any channel's streams do not just pass through.
func (d *devices) encodes() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.wanted) > 0
}

// idle says whether nothing is encoded; the next stream calls stop.
func (d *devices) idle(stop context.CancelFunc) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spare = stop
	return len(d.control.Status().Leases) == 0
}

func (d *devices) stopMeasuring() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.spare != nil {
		d.spare()
		d.spare = nil
	}
}

// trying says whether anything had to be tried.
func trying(begun *sync.Map) (some bool) {
	begun.Range(func(_, _ any) bool { some = true; return false })
	return some
}

// first says, once, that the devices have not been looked at.
func (d *devices) first() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := !d.looked
	d.looked = true
	return first
}

func (d *devices) hardware() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.wanted {
		if !w.OnCPU() {
			return true
		}
	}
	return false
}

func (d *devices) tell(p gpu.Proof) {
	level := slog.LevelInfo
	if p.Troubled() {
		level = slog.LevelWarn
	}
	d.log.Log(context.Background(), level, "device", p.Line()...)
}

// judge says once for each wanted backend what it comes to, and loudly where it is not to
// be had. The daemon runs all the same: other channels may do, and what passes through
// needs none.
func (d *devices) judge(proofs []gpu.Proof) {
	d.mu.Lock()
	wanted := d.wanted
	d.mu.Unlock()
	told := map[admission.Policy]bool{}
	for _, channel := range slices.Sorted(maps.Keys(wanted)) {
		w := wanted[channel]
		if told[w] {
			continue
		}
		told[w] = true
		list, err := w.Backends(proofs)
		if err == nil {
			d.log.Info("backend", "wanted", w.String(), "gives", list[0].String())
			continue
		}
		d.log.Error("streams that have to be encoded will be refused", "backend", w.String(), "channel", channel, "reason", err)
	}
}

// Place is stream.Devices'.
func (d *devices) Place(ctx context.Context, w stream.Wish) (stream.Grant, error) {
	d.stopMeasuring()
	g, err := d.control.Place(ctx, admission.Wish(w))
	switch {
	case errors.Is(err, admission.ErrTrying):
		err = fmt.Errorf("%w: %w", stream.ErrNotYet, err)
	case errors.Is(err, admission.ErrFull):
		err = fmt.Errorf("%w: %w", ingest.ErrCapacity, err)
	}
	return stream.Grant(g), err
}

// Elsewhere is stream.Devices'.
func (d *devices) Elsewhere(stream string, f pipeline.Failure) (pipeline.Backend, bool) {
	return d.control.Elsewhere(stream, f)
}

// Release is stream.Devices'.
func (d *devices) Release(stream string) { d.control.Release(stream) }
