package worker

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"ladderd/media"
	"ladderd/pipeline"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerMark) != "" {
		os.Exit(beWorker())
	}
	if os.Getenv(sourcesMark) != "" {
		goleak.VerifyTestMain(m)
	}
	sources, err := os.MkdirTemp("", "ladderd-sources-")
	if err == nil {
		err = os.Setenv(sourcesMark, sources)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(sources)
		os.Exit(code)
	}))
}

// daemon is the other end of a worker's socket.
type daemon struct {
	conn *pipeline.Conn
	code chan pipeline.ExitCode

	result   *result
	ready    []string
	progress []pipeline.Progress
	logs     []pipeline.Log
	failed   *pipeline.Failed
}

func startRun(t *testing.T, job pipeline.Job) *daemon {
	t.Helper()
	here, there := net.Pipe()
	d := &daemon{conn: pipeline.NewConn(here), code: make(chan pipeline.ExitCode, 1), result: newResult(job)}
	go func() { d.code <- Run(pipeline.NewConn(there)) }()
	t.Cleanup(func() { _ = d.conn.Close() })
	return d
}

// read takes what the worker sends until it closes the socket.
func (d *daemon) read(t *testing.T) {
	t.Helper()
	for {
		m, err := d.conn.Receive()
		// A process that ends with input unread resets its socket.
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		switch m := m.(type) {
		case pipeline.Ready:
			d.ready = m.Encoders
		case pipeline.Output:
			_ = d.result.put(m)
		case pipeline.Progress:
			d.progress = append(d.progress, m)
		case pipeline.Log:
			d.logs = append(d.logs, m)
		case pipeline.Failed:
			d.failed = &m
		}
	}
}

// send writes what comes in, from a goroutine of its own.
func (d *daemon) send(messages ...pipeline.Message) {
	go func() {
		for _, m := range messages {
			if d.conn.Send(m) != nil {
				return // the worker ended, which read notices
			}
		}
	}()
}

func inputs(packets []media.Packet) (m []pipeline.Message) {
	for _, p := range packets {
		m = append(m, pipeline.Input{Packet: p})
	}
	return m
}

func TestRunPutsOutAllBeforeItExits(t *testing.T) {
	args := append(moving("320x180", "30", 2), "-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac")
	s := record(t, append(append(args, ultrafast...), "-bf", "2", "-g", "30")...)
	job := small(s)
	job.Audio, job.Audios = s.audio, []pipeline.AudioOutput{{Bitrate: 64_000}}
	d := startRun(t, job)
	d.send(append(append([]pipeline.Message{job}, inputs(s.packets)...), pipeline.Drain{})...)
	d.read(t)
	if code := <-d.code; code != pipeline.ExitDone || d.failed != nil {
		t.Fatalf("exit code %d, %+v", code, d.failed)
	}
	if want := []string{"libx264 320x180", "libx264 160x90", "aac 64000"}; !slices.Equal(d.ready, want) {
		t.Errorf("ready with %q, want %q", d.ready, want)
	}
	for i := range d.result.videos {
		if got, want := d.result.videos[i].times(), s.times(media.Video); !slices.Equal(got, want) {
			t.Errorf("output %d has %d pictures, the source %d", i, len(got), len(want))
		}
	}
	if got, want := len(d.result.audios[0].packets), len(s.times(media.Audio)); got != want {
		t.Errorf("%d packets of audio, the source has %d", got, want)
	}
	if len(d.progress) == 0 || len(d.progress[0].FramesOut) != 2 {
		t.Errorf("heartbeats: %+v", d.progress)
	}
}

func TestRunTellsWhyItFails(t *testing.T) {
	a := record(t, append(append(moving("320x180", "30", 1), ultrafast...), "-g", "15")...)
	b := record(t, append(append(moving("640x360", "30", 1), ultrafast...), "-g", "15")...)
	absent := small(a)
	absent.Backend = pipeline.Backend{Encoder: pipeline.NVENC, Device: pipeline.Device{API: pipeline.CUDA, ID: "GPU-that-is-not-here"}}
	cases := []struct {
		name     string
		messages []pipeline.Message
		code     pipeline.ExitCode
		reason   string
	}{
		{"size changes", append([]pipeline.Message{small(a)}, inputs(append(a.packets, b.packets...))...), pipeline.ExitGiveUp, "from 320×180 to 640×360"},
		{"a device that is not here", []pipeline.Message{absent}, pipeline.ExitRetryElsewhere, "nvenc"},
		{"no job", []pipeline.Message{pipeline.Drain{}}, pipeline.ExitGiveUp, "job was due"},
		{"a job twice", []pipeline.Message{small(a), small(a)}, pipeline.ExitRetryHere, "unexpected"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := startRun(t, small(a))
			d.send(c.messages...)
			d.read(t)
			if code := <-d.code; code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if d.failed == nil || d.failed.Code != c.code || !strings.Contains(d.failed.Reason, c.reason) {
				t.Errorf("failed with %+v, want %q", d.failed, c.reason)
			}
		})
	}
}

func TestRunEndsWithTheDaemon(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 1), ultrafast...), "-g", "15")...)
	d := startRun(t, small(s))
	if err := d.conn.Send(small(s)); err != nil {
		t.Fatal(err)
	}
	_ = d.conn.Close()
	if code := <-d.code; code == pipeline.ExitDone {
		t.Error("a worker whose daemon is gone is not done")
	}
}

func TestLogLines(t *testing.T) {
	var got []pipeline.Log
	log := slog.New(&connHandler{send: func(m pipeline.Message) error {
		got = append(got, m.(pipeline.Log))
		return nil
	}})
	log.With("stream", "st-1").WithGroup("libav").Warn("odd", "times", 3)
	log.Log(t.Context(), slog.LevelError+4, "worse")
	want := []pipeline.Log{{Level: slog.LevelWarn, Text: "odd stream=st-1 libav.times=3"}, {Level: slog.LevelError, Text: "worse"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
