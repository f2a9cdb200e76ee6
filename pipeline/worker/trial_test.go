package worker

import (
	"log/slog"
	"os/exec"
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/testassets/doubles"
)

func TestTrialsDoWhatTheyAreTold(t *testing.T) {
	backend := backendUnderTest(t)
	for task, c := range map[pipeline.Task]struct {
		width, height, most int
	}{
		pipeline.Decode:   {640, 360, 0},
		pipeline.Scale:    {640, 360, 0},
		pipeline.Encode:   {640, 360, 0},
		pipeline.Sessions: {320, 240, 3},
	} {
		t.Run(string(task), func(t *testing.T) {
			what := pipeline.Trial{Task: task, Backend: backend, Codec: pipeline.H264, Width: c.width, Height: c.height, Most: c.most}
			f, err := pipeline.Try(t.Context(), pipeline.TryOptions{Command: workerProcess, Log: slog.New(slog.DiscardHandler)}, what)
			if err != nil || f.Failure != "" {
				t.Fatalf("%v, %+v", err, f)
			}
			if task == pipeline.Sessions {
				if f.Sessions != c.most || f.Capped != "" {
					t.Errorf("%+v", f)
				}
			} else if f.Pictures < leastPictures || f.PixelRate(what) <= 0 {
				t.Errorf("%+v, %g pixels a second", f, f.PixelRate(what))
			}
		})
	}
}

func TestTrialsTellWhatDoesNotWork(t *testing.T) {
	x264 := pipeline.Backend{Encoder: pipeline.X264}
	absent := pipeline.Device{API: pipeline.CUDA, ID: "GPU-that-is-not-here"}
	for name, c := range map[string]struct {
		trial pipeline.Trial
		want  string
	}{
		"a codec without an encoder": {pipeline.Trial{Task: pipeline.Encode, Backend: x264, Codec: pipeline.HEVC, Width: 640, Height: 360}, "hevc_x264"},
		"no such device": {pipeline.Trial{Task: pipeline.Scale, Backend: pipeline.Backend{Encoder: pipeline.NVENC, Device: absent, Scale: true},
			Codec: pipeline.H264, Width: 640, Height: 360}, "GPU-that-is-not-here"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := pipeline.Try(t.Context(), pipeline.TryOptions{Command: workerProcess, Log: slog.New(slog.DiscardHandler)}, c.trial)
			if err != nil || !strings.Contains(f.Failure, c.want) {
				t.Errorf("%v, %+v, where %q was expected", err, f, c.want)
			}
		})
	}
}

// Renditions that are too small for a device's encoder are x264's, and so are such trials.
func TestTrialTellsWhereX264EncodesInstead(t *testing.T) {
	rig := doubles.New(t, boxOf(doubles.Card{}))
	onCard := func() *exec.Cmd {
		cmd := workerProcess()
		cmd.Env = append(cmd.Env, rig.Env()...)
		return cmd
	}
	x264, nvenc := pipeline.Backend{Encoder: pipeline.X264}, nvencOn(rig, false)
	for _, c := range []struct {
		backend       pipeline.Backend
		width, height int
		spare         bool
	}{{nvenc, 160, 284, false}, {nvenc, 90, 160, true}, {x264, 90, 160, false}} {
		what := pipeline.Trial{Task: pipeline.Encode, Backend: c.backend, Codec: pipeline.H264, Width: c.width, Height: c.height}
		f, err := pipeline.Try(t.Context(), pipeline.TryOptions{Command: onCard, Log: slog.New(slog.DiscardHandler)}, what)
		if err != nil || f.Failure != "" || f.Pictures == 0 || f.Spare != c.spare {
			t.Errorf("%s at %dx%d: %+v, %v", c.backend, c.width, c.height, f, err)
		}
	}
}

// What a trial encodes must cost an encoder about what real pictures do: a still picture
// would take nothing.
func TestGeneratedPicturesMove(t *testing.T) {
	pictures, err := generate(320, 180)
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string]bool{}
	for _, p := range pictures {
		b, err := p.frame.Data().Bytes(1)
		if err != nil {
			t.Fatal(err)
		}
		samples[string(b)] = true
		p.frame.Free()
	}
	if len(samples) != generatedPictures {
		t.Errorf("%d different pictures", len(samples))
	}
	what := pipeline.Trial{Task: pipeline.Decode, Backend: pipeline.Backend{Encoder: pipeline.X264}, Codec: pipeline.H264, Width: 320, Height: 180}
	b, err := openBackend(what.Backend)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	tr := &trial{Trial: what, backend: b, cascade: newCascade(pipeline.Job{}, b)}
	defer tr.free()
	if tr.pictures, err = generate(320, 180); err != nil {
		t.Fatal(err)
	}
	clip, err := tr.clip()
	if err != nil {
		t.Fatal(err)
	}
	bytes := 0
	for _, p := range clip {
		bytes += len(p.Data)
	}
	seconds := media.Ticks(trialRate * trialPeriod).Seconds()
	if got, want := float64(8*bytes)/seconds, float64(tr.output().Bitrate); got < want/2 {
		t.Errorf("the clip has %.0f bit a second of %.0f", got, want)
	}
}
