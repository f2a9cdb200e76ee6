package main

import (
	"bytes"
	"context"
	"log/slog"
	"os/exec"
	"strings"
	"testing"

	"ladderd/config"
	"ladderd/gpu"
	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/stream"
)

// small is little work for any machine.
var small = pipeline.Job{
	Video: media.VideoParams{Width: 320, Height: 180}, Rate: media.Rate{Num: 5, Den: 1},
	Videos: []pipeline.VideoOutput{{Width: 284, Height: 160, Rate: media.Rate{Num: 5, Den: 1}}},
}

// machineWith has no GPU but what cards, a shell's words, tells of.
func machineWith(t *testing.T, d *devices, cards string) {
	t.Helper()
	d.survey.Machine = gpu.Machine{Root: t.TempDir(), Cards: func(int) *exec.Cmd { return exec.Command("sh", "-c", cards) }}
	d.survey.Prover.Try = func(_ context.Context, trial pipeline.Trial) (pipeline.Finding, error) {
		if trial.Task == pipeline.Encode && trial.Backend.Encoder != pipeline.X264 {
			return pipeline.Finding{Failure: "OpenEncodeSessionEx failed: unsupported device (2)"}, nil
		}
		return pipeline.Finding{Pictures: 10, Elapsed: 1e9, CPU: 1e9}, nil
	}
}

// Streams of a channel whose backend is not available are refused with the reason, which
// the log has had at the start; other channels' are not.
func TestDaemonStartsWithoutAWantedBackend(t *testing.T) {
	cfg := config.Default()
	cfg.Server.DataDir = t.TempDir()
	cfg.Channels = []config.Channel{{ID: "a"}, {ID: "b", Backend: "nvenc"}, {ID: "c", Backend: "x264"}}
	var log bytes.Buffer
	d, err := newDevices(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	machineWith(t, d, `echo '{"driver":"535","cards":1}'; echo '{"index":0,"uuid":"GPU-1","name":"NVIDIA H100"}'`)
	d.prove(t.Context())
	for channel, want := range map[string]string{"a": "x264", "b": "backend nvenc is not available: NVIDIA H100: this GPU has no video encoder", "c": "x264"} {
		g, err := d.Place(t.Context(), stream.Wish{Stream: "st-" + channel, Channel: channel, Job: small})
		got := g.Backend.String()
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("channel %s: %s, want %s", channel, got, want)
		}
	}
	text := log.String()
	if strings.Count(text, "msg=device") != 2 || !strings.Contains(text, `name="NVIDIA H100" id=GPU-1 driver=535`) ||
		!strings.Contains(text, `level=ERROR msg="streams that have to be encoded will be refused" backend=nvenc channel=b`) {
		t.Errorf("the log says\n%s", text)
	}
}

// With x264 alone no driver is touched, and the CPU is measured.
func TestDaemonLeavesDevicesAlone(t *testing.T) {
	cfg := config.Default()
	cfg.Server.DataDir = t.TempDir()
	cfg.Pipeline.Backend = "x264"
	cfg.Channels = []config.Channel{{ID: "a"}}
	var log bytes.Buffer
	d, err := newDevices(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	machineWith(t, d, "exit 1")
	d.survey.Machine.Cards = func(int) *exec.Cmd {
		t.Error("NVIDIA's driver is asked")
		return exec.Command("true")
	}
	d.prove(t.Context())
	if strings.Count(log.String(), "msg=device") != 2 || !gpu.Measured([]gpu.Proof{d.survey.Processor()}) {
		t.Errorf("the log says\n%s", log.String())
	}
	if g, err := d.Place(t.Context(), stream.Wish{Stream: "st-a", Channel: "a", Job: small}); err != nil || g.Backend.String() != "x264" {
		t.Errorf("%v, %v", g, err)
	}
}
