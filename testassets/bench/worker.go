package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/testassets/publish"
)

// worker is our contender: the worker process under its supervisor, as the daemon
// runs it. Passing the source through costs neither of them anything.
type worker struct {
	binary string
	job    pipeline.Job
	source *clip
	file   string // that source was read from
	rungs  []rung
}

func (w *worker) name() string { return "ladderd" }

func (w *worker) input() string { return w.file }

func (w *worker) filter(rung) string { return "" }

func (w *worker) run(ctx context.Context, dir string) (made, error) {
	own, err := ownCPU()
	if err != nil {
		return made{}, err
	}
	var cmd *exec.Cmd
	s, err := pipeline.Start(w.job, w.options(&cmd))
	if err != nil {
		return made{}, err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, s.Close)()
	for _, p := range w.source.packets {
		if err := s.Write(p); err != nil {
			return made{}, err
		}
	}
	s.Drain()
	packets := make([][]media.Packet, len(w.rungs))
	for o := range s.Outputs() {
		if o.Packet.Kind == media.Video {
			packets[o.Index] = append(packets[o.Index], o.Packet)
		}
	}
	<-s.Done()
	if err := s.Err(); err != nil {
		return made{}, err
	}
	if s := s.Snapshot(); s.Restarts > 0 || s.Lost > 0 || ctx.Err() != nil {
		return made{}, fmt.Errorf("not all of the source was transcoded by one worker: %d restarts (%s), %d packets lost",
			s.Restarts, s.LastFailure, s.Lost)
	}
	now, err := ownCPU()
	if err != nil {
		return made{}, err
	}
	spent := now - own + cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	files, err := w.write(dir, packets)
	return made{spent.Seconds(), files}, err
}

// options take in the whole source at once, so that the worker sets the pace, and
// tell which process it was.
func (w *worker) options(cmd **exec.Cmd) pipeline.Options {
	size := 0
	for _, p := range w.source.packets {
		size += len(p.Data) + 1000
	}
	return pipeline.Options{
		Command: func() *exec.Cmd {
			*cmd = exec.Command(w.binary, "worker")
			return *cmd
		},
		Log:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Queue: pipeline.Limits{Packets: len(w.source.packets) + 1, Bytes: size, Replay: size, Span: 24 * 3600 * media.Clock},
		// On a machine that is busy with other things a worker may be slow.
		HeartbeatTimeout: time.Minute, StartTimeout: time.Minute, DrainTimeout: time.Minute,
	}
}

// write puts each rung into an FLV file, which keeps the source's times: those of
// the source were in milliseconds already.
func (w *worker) write(dir string, packets [][]media.Packet) ([]string, error) {
	var files []string
	for i, r := range w.rungs {
		var tags []publish.Tag
		for _, p := range packets[i] {
			at := int64((p.PTS - media.Clock) / (media.Clock / 1000))
			if p.Video != nil {
				tags = append(tags, publish.Tag{Type: publish.TagVideo, Time: at, Body: append([]byte{0x17, 0, 0, 0, 0}, p.Video.AVCConfig()...)})
			}
			first := byte(0x27)
			if p.Key {
				first = 0x17
			}
			tags = append(tags, publish.Tag{Type: publish.TagVideo, Time: at, Body: append([]byte{first, 1, 0, 0, 0}, p.Data...)})
		}
		file := filepath.Join(dir, r.Name+".flv")
		if err := publish.WriteFLV(file, tags); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// ownCPU is the user and system time of this process so far.
func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("own CPU time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
