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
			half := len(s.packets) / 2
			write(t, sup, s.packets[:half])
			r := newResult(job)
			for o := range sup.Outputs() {
				_ = r.put(o)
				if len(r.videos[0].packets) == half/2 {
					if err := syscall.Kill(sup.PID(), signal); err != nil {
						t.Fatal(err)
					}
					break
				}
			}
			write(t, sup, s.packets[half:])
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
	var resumed []media.Ticks // where each rendition that has a hole goes on
	shown := s.times(media.Video)
	for i := range r.videos {
		times := r.videos[i].times()
		if !slices.IsSorted(times) || len(slices.Compact(slices.Clone(times))) != len(times) {
			t.Errorf("output %d repeats itself", i)
		}
		missing := slices.DeleteFunc(slices.Clone(shown), func(at media.Ticks) bool { return slices.Contains(times, at) })
		if len(missing) > 0 {
			last, _ := slices.BinarySearch(shown, missing[len(missing)-1])
			resumed = append(resumed, shown[last+1])
			if first, _ := slices.BinarySearch(shown, missing[0]); last-first+1 != len(missing) {
				t.Errorf("output %d has several holes: %d", i, missing)
			}
		}
		keys := r.videos[i].keys()
		if slices.ContainsFunc(keys, func(at media.Ticks) bool { return !slices.Contains(s.keys(), at) }) {
			t.Errorf("output %d has IDRs at %d, the source at %d", i, keys, s.keys())
		}
		if last, want := times[len(times)-1], shown[len(shown)-1]; last != want {
			t.Errorf("output %d ends at %d", i, last)
		}
	}
	// A dying worker may get out all up to an IDR in one rendition.
	resumed = slices.Compact(resumed)
	if len(resumed) > 1 || slices.ContainsFunc(resumed, func(at media.Ticks) bool { return !slices.Contains(s.keys(), at) }) {
		t.Errorf("the renditions go on at %d, the source has IDRs at %d", resumed, s.keys())
	}
}
