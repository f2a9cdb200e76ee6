package worker

import (
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/testassets/doubles"
)

// boxOf has what a worker needs of a driver, and no more.
func boxOf(cards ...doubles.Card) doubles.Box {
	return doubles.Box{Cards: cards, Without: []doubles.Library{doubles.NVML}}
}

// nvencOn is NVENC on the first card of a box.
func nvencOn(rig *doubles.Rig, scaled bool) pipeline.Backend {
	return pipeline.Backend{Encoder: pipeline.NVENC, Device: pipeline.Device{API: pipeline.CUDA, ID: rig.UUID(0)}, Scale: scaled}
}

// briefly is what combinations are tried with that share all of their pieces with others.
var briefly = []string{
	"TestPicturesAreDecodedWhereTheBackendSays", "TestVaryingFrameRateKeepsItsTimes", "TestReplacementGoesOnAtTheNextGridPoint",
	"TestRenditionsShowTheSource", "TestCaptionsSurviveInEveryRendition", "TestFieldsMayComeAndGo",
}

// Of two cards the second one is used: a worker that took the first would be found out.
func TestBackendsOnDoubles(t *testing.T) {
	sources := sourcesMark + "=" + t.TempDir()
	kinds := map[string]map[string][]string{
		"nvenc": {
			"from main memory": briefly, "uploaded, scaled": briefly, "decoded": briefly, "all on the device": everyBackend,
		},
		"cuda": {"x264, scaled": briefly, "x264, decoded": briefly, "x264, decoded, scaled": briefly},
	}
	for kind, names := range kinds {
		for name, tests := range names {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				rig := doubles.New(t, boxOf(doubles.Card{}, doubles.Card{}))
				b := combinations(kind, rig.UUID(1))[name]
				tryBackend(t, b, append(append(os.Environ(), sources), rig.Env()...), tests)
				events, err := rig.Record()
				if err != nil || len(events) == 0 {
					t.Fatalf("the card recorded %d events, %v", len(events), err)
				}
				for _, e := range events {
					if e.Card != 1 || e.Kind == doubles.Forced && !e.IDR || e.Kind == doubles.Reconfigured {
						t.Errorf("card %d was given %+v", e.Card, e)
					}
				}
			})
		}
	}
}

// startProcess starts a worker process on job, with environ beside this process's own.
func startProcess(t *testing.T, environ []string, job pipeline.Job) *daemon {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	here, there := os.NewFile(uintptr(fds[0]), "daemon"), os.NewFile(uintptr(fds[1]), "worker")
	defer here.Close()
	defer there.Close()
	sock, err := net.FileConn(here)
	if err != nil {
		t.Fatal(err)
	}
	cmd := workerProcess()
	cmd.Env = append(cmd.Env, environ...)
	cmd.ExtraFiles = []*os.File{there}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &daemon{conn: pipeline.NewConn(sock), code: make(chan pipeline.ExitCode, 1), result: newResult(job)}
	go func() {
		_ = cmd.Wait()
		d.code <- pipeline.ExitCode(cmd.ProcessState.ExitCode())
	}()
	t.Cleanup(func() { _ = d.conn.Close() })
	return d
}

// serve runs job over the packets in a worker process.
func serve(t *testing.T, environ []string, job pipeline.Job, packets []media.Packet) (*daemon, pipeline.ExitCode) {
	t.Helper()
	d := startProcess(t, environ, job)
	d.send(append(append([]pipeline.Message{job}, inputs(packets)...), pipeline.Drain{})...)
	d.read(t)
	return d, <-d.code
}

// The source drops pictures, for which x264 would be told other bit rates.
func TestNVENCIsGivenItsOptions(t *testing.T) {
	args := append(moving("640x360", "60", 3), "-vf", "select='not(eq(mod(n,7),3))'", "-vsync", "vfr")
	s := record(t, append(append(args, ultrafast...), "-bf", "2", "-g", "50")...)
	film := media.Rate{Num: 24000, Den: 1001}
	for _, scaled := range []bool{false, true} {
		rig := doubles.New(t, boxOf(doubles.Card{}))
		s.backend = nvencOn(rig, scaled)
		job := s.job(media.Rate{Num: 60, Den: 1},
			pipeline.VideoOutput{Width: 640, Height: 360, Rate: media.Rate{Num: 60, Den: 1}, Bitrate: 900_000},
			pipeline.VideoOutput{Width: 320, Height: 180, Rate: film, Bitrate: 400_000},
			pipeline.VideoOutput{Width: 284, Height: 160, Bitrate: 300_000},
			pipeline.VideoOutput{Width: 90, Height: 160, Bitrate: 100_000})
		d, code := serve(t, rig.Env(), job, s.packets)
		if code != pipeline.ExitDone {
			t.Fatalf("the worker ended with %d: %+v", code, d.failed)
		}
		want := []string{"h264_nvenc 640x360", "h264_nvenc 320x180", "h264_nvenc 284x160", "libx264 90x160"}
		if !slices.Equal(d.ready, want) {
			t.Errorf("ready with %q, want %q", d.ready, want)
		}
		checkOptions(t, rig, job.Videos[:3])
		checkForced(t, rig, s.keys())
		if again, err := rig.Recorded(doubles.Reconfigured); err != nil || len(again) > 0 {
			t.Errorf("NVENC was given other options in mid-stream: %+v, %v", again, err)
		}
	}
}

func checkOptions(t *testing.T, rig *doubles.Rig, outs []pipeline.VideoOutput) {
	t.Helper()
	opened, err := rig.Recorded(doubles.Initialized)
	if err != nil || len(opened) != len(outs) {
		t.Fatalf("%d encoders were opened, %v", len(opened), err)
	}
	for _, out := range outs {
		rate := frameRate(out)
		want := doubles.Options{
			Width: out.Width, Height: out.Height, RateNum: rate.Num, RateDen: rate.Den,
			Preset: "p4", Tuning: "ll", Profile: "high",
			RateControl: "cbr", Bitrate: out.Bitrate, MaxBitrate: out.Bitrate, VBV: out.Bitrate / 5, Multipass: 1,
			ZeroReorderDelay: 1, StrictGOP: 1, GOP: math.MaxInt32, IDRPeriod: math.MaxInt32, DisableHeaders: 1,
		}
		i := slices.IndexFunc(opened, func(e doubles.Event) bool { return e.Width == out.Width })
		if i < 0 {
			t.Errorf("no encoder of %dx%d was opened", out.Width, out.Height)
			continue
		}
		got := opened[i].Options
		// What the driver chooses and what the source says is not ours.
		got.CABAC, got.Primaries, got.Transfer, got.Matrix = 0, 0, 0, 0
		if got != want {
			t.Errorf("NVENC was given %+v, want %+v", got, want)
		}
	}
}

// checkForced checks that each session was asked for an IDR at each of the times, and
// for no other keyframe.
func checkForced(t *testing.T, rig *doubles.Rig, at []media.Ticks) {
	t.Helper()
	forced, err := rig.Recorded(doubles.Forced)
	if err != nil {
		t.Fatal(err)
	}
	sessions := map[int][]media.Ticks{}
	for _, e := range forced {
		if !e.IDR {
			t.Errorf("session %d was asked for a keyframe at %d that is no IDR", e.Session, e.Timestamp)
		}
		sessions[e.Session] = append(sessions[e.Session], media.Ticks(e.Timestamp))
	}
	for session, got := range sessions {
		if !slices.Equal(got, at) {
			t.Errorf("session %d was asked for IDRs at %d, want %d", session, got, at)
		}
	}
}

func TestWhatACardRefusesIsForAnotherBackend(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 2), ultrafast...), "-g", "30")...)
	card := doubles.Card{}
	capped, newCapped := card, card
	capped.Sessions, newCapped.Sessions = 1, 1
	newCapped.Capped = doubles.IncompatibleClientKey
	old := boxOf()
	old.NVENC = 120
	cases := []struct {
		name   string
		box    doubles.Box
		card   doubles.Card
		fault  doubles.Fault
		reason string
	}{
		{"no driver", doubles.Box{Without: doubles.NoDriver}, card, doubles.Fault{}, "Cannot load libcuda.so.1"},
		{"no encoder library", doubles.Box{Without: []doubles.Library{doubles.Encoder, doubles.NVML}}, card, doubles.Fault{}, "Cannot load libnvidia-encode.so.1"},
		{"an old driver", old, card, doubles.Fault{}, "driver for nvenc is 530.41.03 or newer"},
		{"a card without an encoder", boxOf(), card, doubles.Fault{At: doubles.Open, Word: doubles.UnsupportedDevice}, "OpenEncodeSessionEx failed: unsupported device"},
		{"sessions", boxOf(), capped, doubles.Fault{}, "OpenEncodeSessionEx failed: out of memory"},
		{"sessions of newer drivers", boxOf(), newCapped, doubles.Fault{}, "OpenEncodeSessionEx failed: incompatible client key"},
		{"encoding fails", boxOf(), card, doubles.Fault{At: doubles.Encode, Word: doubles.Generic, After: 20}, "encode"},
		{"a card that is lost", boxOf(), card, doubles.Fault{At: doubles.Encode, Word: doubles.DeviceNotExist, After: 20}, "device does not exist"},
	}
	for _, c := range cases {
		for name, scaled := range map[string]bool{"from main memory": false, "scaled": true} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				c.box.Cards = []doubles.Card{c.card}
				rig := doubles.New(t, c.box)
				if c.fault.At != "" {
					rig.Misbehave(0, c.fault)
				}
				s.backend = nvencOn(rig, scaled)
				rate := media.Rate{Num: 30, Den: 1}
				job := s.job(rate,
					pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 400_000},
					pipeline.VideoOutput{Width: 284, Height: 160, Rate: rate, Bitrate: 300_000})
				d, code := serve(t, rig.Env(), job, s.packets)
				if code != pipeline.ExitRetryElsewhere || d.failed == nil || !strings.Contains(d.failed.Reason, c.reason) {
					t.Fatalf("the worker ended with %d, %+v; want %q", code, d.failed, c.reason)
				}
				t.Log(d.failed.Reason)
			})
		}
	}
}

// Scaling on a card that falls off the bus ends the worker, where x264 goes on as well.
func TestACardThatIsLostInMidStreamEndsTheWorker(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 3), ultrafast...), "-g", "30")...)
	rig := doubles.New(t, boxOf(doubles.Card{}))
	s.backend = combinations("cuda", rig.UUID(0))["x264, scaled"]
	job := small(s)
	d := startProcess(t, rig.Env(), job)
	half := len(s.packets) / 2
	d.send(append([]pipeline.Message{job}, inputs(s.packets[:half])...)...)
	for outputs := 0; outputs < half; {
		m, err := d.conn.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.(pipeline.Output); ok {
			outputs++
		}
	}
	rig.Lose(0)
	d.send(append(inputs(s.packets[half:]), pipeline.Drain{})...)
	d.read(t)
	const reason = "CUDA_ERROR"
	if code := <-d.code; code != pipeline.ExitRetryElsewhere || d.failed == nil || !strings.Contains(d.failed.Reason, reason) {
		t.Fatalf("the worker ended with %d, %+v; want %q", code, d.failed, reason)
	}
}
