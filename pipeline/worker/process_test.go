package worker

import (
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

// workerMark in the environment makes the test binary a worker.
const workerMark = "LADDERD_TEST_WORKER"

// beWorker is a worker process's main function.
func beWorker() int {
	conn, err := pipeline.ChildConn()
	if err != nil {
		return 1
	}
	return int(Run(conn))
}

func workerProcess() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerMark+"=1")
	return cmd
}

// A real worker under a real supervisor dies in mid-stream: both renditions have the
// same hole, which ends at one of the source's IDRs, and nothing is put out twice.
func TestRenditionsResumeTogetherAfterAKill(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSEGV} {
		t.Run(signal.String(), func(t *testing.T) {
			s := record(t, append(append(moving("320x180", "30", 6), ultrafast...), "-bf", "2", "-g", "30")...)
			job := small(s)
			log := slog.New(slog.NewTextHandler(t.Output(), nil))
			sup, err := pipeline.Start(job, pipeline.Options{Command: workerProcess, Log: log})
			if err != nil {
				t.Fatal(err)
			}
			defer sup.Close()
			const given = 80 // ends within a GOP, so that there is a hole however fast the worker is
			write(t, sup, s.packets[:given])
			r := newResult(job)
			for o := range sup.Outputs() {
				_ = r.put(o)
				if len(r.videos[0].packets) == given/2 {
					if err := syscall.Kill(sup.PID(), signal); err != nil {
						t.Fatal(err)
					}
					break
				}
			}
			write(t, sup, s.packets[given:])
			keys := s.keys()
			for o := range sup.Outputs() {
				_ = r.put(o)
				if o.Packet.PTS == keys[len(keys)-1] {
					sup.Drain() // no sooner: a worker that dies while draining is not replaced
				}
			}
			if err := sup.Err(); err != nil {
				t.Fatal(err)
			}
			checkResumed(t, s, r, sup.Restarts())
		})
	}
}

func write(t *testing.T, sup *pipeline.Supervisor, packets []media.Packet) {
	t.Helper()
	for _, p := range packets {
		if err := sup.Write(p); err != nil {
			t.Fatal(err)
		}
	}
}

func checkResumed(t *testing.T, s *source, r *result, restarts int) {
	t.Helper()
	if restarts != 1 {
		t.Errorf("the worker was replaced %d times", restarts)
	}
	var resumed []media.Ticks // where each rendition goes on
	for i := range r.videos {
		times := r.videos[i].times()
		if !slices.IsSorted(times) || len(slices.Compact(slices.Clone(times))) != len(times) {
			t.Errorf("output %d repeats itself", i)
		}
		for j, p := range r.videos[i].packets[1:] {
			if p.PTS-times[j] > 3000*3/2 {
				resumed = append(resumed, p.PTS)
			}
		}
		keys := r.videos[i].keys()
		if slices.ContainsFunc(keys, func(at media.Ticks) bool { return !slices.Contains(s.keys(), at) }) {
			t.Errorf("output %d has IDRs at %d, the source at %d", i, keys, s.keys())
		}
		if last, want := times[len(times)-1], s.times(media.Video); last != want[len(want)-1] {
			t.Errorf("output %d ends at %d", i, last)
		}
	}
	if len(resumed) != 2 || resumed[0] != resumed[1] || !slices.Contains(s.keys(), resumed[0]) {
		t.Errorf("the renditions go on at %d, the source has IDRs at %d", resumed, s.keys())
	}
}
