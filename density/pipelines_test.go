package density

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ladderd/gpu"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/worker"
)

// The test binary runs itself as the worker.
const workerEnv = "LADDERD_DENSITY_TEST_WORKER"

func playsWorker() bool {
	if os.Getenv(workerEnv) == "" {
		return false
	}
	conn, err := pipeline.ChildConn()
	if err != nil {
		panic(err)
	}
	os.Exit(int(worker.Run(conn)))
	return true
}

func ownWorker() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerEnv+"=1")
	return cmd
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

var small = ladder.Input{Width: 320, Height: 180, Rate: media.Rate{Num: 30, Den: 1}, Audio: true}

// Real workers carry two channels of tiny pictures. How late they are is the machine's affair:
// what is checked is that all their outputs come, and are measured. A step is found late only
// where something came of all of them.
func TestPipelinesCarryChannels(t *testing.T) {
	clip, err := Generate(t.Context(), small)
	if err != nil {
		t.Fatal(err)
	}
	if clip.Rate != (media.Rate{Num: 30, Den: 1}) || clip.Video.Width != 320 || clip.length != generatedSeconds*media.Clock || clip.Audio == nil {
		t.Fatalf("the clip has %v frames a second, %d pixels, and is %d long", clip.Rate, clip.Video.Width, clip.length)
	}
	s, err := NewStream(ladder.AdvancedSD, "", clip, "180p30")
	if err != nil {
		t.Fatal(err)
	}
	p := &Pipelines{
		Streams: []*Stream{s}, Backends: []pipeline.Backend{{Encoder: pipeline.X264}},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Command: ownWorker,
	}
	b := &bench{o: Options{Carrier: p, Meter: ThisMachine}, fresh: map[string]time.Duration{}}
	got, err := b.step(t.Context(), trial{2, true}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if !got.RealTime {
		t.Logf("not real time on this machine: %s", got.Why)
		if !strings.Contains(got.Why, "behind") && !strings.HasSuffix(got.Why, "did not settle") {
			t.Error("for no want of time")
		}
		return
	}
	if len(got.Delays) != 3 || got.Delays[0].Output != "160p30" || got.Delays[0].Count < 30 || got.Delays[0].P50 <= 0 || got.Usage.CPU <= 0 || got.Usage.Memory <= 0 {
		t.Errorf("%+v", got)
	}
}

// A worker that fails again and again is told by name.
func TestPipelinesTellOfWorkersThatFail(t *testing.T) {
	clip, err := Generate(t.Context(), small)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStream(ladder.AdvancedSD, "", clip, "180p30")
	if err != nil {
		t.Fatal(err)
	}
	p := &Pipelines{
		Streams: []*Stream{s}, Backends: []pipeline.Backend{{Encoder: pipeline.X264}}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Command: func() *exec.Cmd { return exec.Command("sh", "-c", "exit 7") },
	}
	r, err := Run(t.Context(), Options{Carrier: p, Duration: time.Second})
	if err != nil || r.Channels != 0 || !strings.HasPrefix(r.Why, "channel 1: exit status 7") {
		t.Errorf("%+v, %v", r, err)
	}
}

func testClip() *Clip {
	return &Clip{Video: &media.VideoParams{Width: 1920, Height: 1080}, Rate: media.Rate{Num: 60, Den: 1}}
}

func TestPassthroughIsNothingToMeasure(t *testing.T) {
	if _, err := NewStream(ladder.Basic, "", testClip(), "1080p60"); err == nil || !strings.Contains(err.Error(), "nothing to transcode") {
		t.Error(err)
	}
}

// Kinds of channels and devices take turns, and each kind gets each device.
func TestPipelinesTakeTurns(t *testing.T) {
	p := &Pipelines{Streams: []*Stream{{Name: "a"}, {Name: "b"}}, Backends: []pipeline.Backend{{Device: pipeline.Device{ID: "0"}}, {Device: pipeline.Device{ID: "1"}}}}
	var got []string
	for i := range 5 {
		got = append(got, p.stream(i).Name+p.backend(i).Device.ID)
	}
	if strings.Join(got, " ") != "a0 b0 a1 b1 a0" {
		t.Error(got)
	}
}

func TestSharesOfWhatWasProven(t *testing.T) {
	s, err := NewStream(ladder.Standard, "", testClip(), "1080p60")
	if err != nil {
		t.Fatal(err)
	}
	card := pipeline.Device{API: pipeline.CUDA, ID: "GPU-1"}
	p := &Pipelines{Streams: []*Stream{s}, Backends: []pipeline.Backend{{Encoder: pipeline.NVENC, Device: card, Decode: true, Scale: true}}}
	cpu := gpu.Proof{Device: gpu.Device{Name: "EPYC", Cores: 16}, Results: []gpu.Result{
		{Task: pipeline.Encode, Codec: pipeline.H264, Width: 1280, Height: 720, PixelRate: 1e9, PerCore: 1e8},
		{Task: pipeline.Decode, Codec: pipeline.H264, Width: 1920, Height: 1080, PixelRate: 1e9, PerCore: 1e8},
		{Task: pipeline.Scale, Width: 1920, Height: 1080, PixelRate: 1e9, PerCore: 1e8},
	}}
	t4 := gpu.Proof{Device: gpu.Device{API: pipeline.CUDA, ID: "GPU-1", Name: "T4"}, Results: []gpu.Result{
		{Task: pipeline.Decode, Codec: pipeline.H264, Width: 1920, Height: 1080, PixelRate: 1e9},
		{Task: pipeline.Scale, Width: 1920, Height: 1080},
	}}
	for _, size := range [][2]int{{1280, 720}, {720, 1280}, {284, 160}, {160, 284}} {
		t4.Results = append(t4.Results, gpu.Result{
			Task: pipeline.Encode, Codec: pipeline.H264, Width: size[0], Height: size[1], OnDevice: true, PixelRate: 2e9,
		})
	}
	if shares := p.Shares(2, []gpu.Proof{t4}); len(shares) != 0 {
		t.Errorf("nothing is known of the CPU: %+v", shares)
	}
	got := map[string]Share{}
	for _, s := range p.Shares(2, []gpu.Proof{t4, cpu}) {
		got[s.Device+" "+s.Resource] = s
	}
	if d := got["T4 GPU-1 decoding"]; len(got) != 3 || d.Taken != 2*1920*1080*60 || d.Share != 2*1920*1080*60/1e9 {
		t.Fatalf("%+v", got)
	}
	// 720p60 and, at 30 frames, 852×480, 640×360 and 284×160.
	if e := got["T4 GPU-1 encoding"]; e.Taken != 2*(1280*720*60+30*(852*480+640*360+284*160)) || e.Proven != 2e9 {
		t.Errorf("%+v", e)
	}
	if c := got["EPYC CPU"]; c.Proven != 16000 || c.Taken == 0 {
		t.Errorf("%+v", c)
	}
}
