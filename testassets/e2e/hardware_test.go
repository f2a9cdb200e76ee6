package e2e

import (
	"math"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
)

// The ladders that GPUs make in these tests.
var (
	standardHD = []rung{{"1080p30", 1920, 1080, ntsc, 0}, {"720p30", 1280, 720, ntsc, 2400}, {"480p30", 852, 480, ntsc, 1400},
		{"360p30", 640, 360, ntsc, 630}, {"160p30", 284, 160, ntsc, 230}, audioOnly}
	standard480 = []rung{{"480p30", 852, 480, 30, 1400}, {"360p30", 640, 360, 30, 630}, {"160p30", 284, 160, 30, 230}, audioOnly}
	advanced720 = []rung{{"720p30", 1280, 720, 30, 1900}, {"480p30", 852, 480, 30, 800}, {"360p30", 640, 360, 30, 400}, {"160p30", 284, 160, 30, 220}, audioOnly}
	advanced480 = []rung{{"480p30", 852, 480, 30, 1300}, {"360p30", 640, 360, 30, 700}, {"160p30", 284, 160, 30, 270}, audioOnly}
)

// onNVENC has the daemon's channel made by a box's first card, and sees to it that it is:
// does is what of the work the card does.
func onNVENC(t *testing.T, box doubles.Box, faults []doubles.Fault, c daemon.Channel, file, does string, want []rung) {
	t.Helper()
	box.Cards = []doubles.Card{{Memory: 8192}}
	rig := doubles.New(t, box)
	for _, f := range faults {
		rig.Misbehave(0, f)
	}
	d := startDaemonWith(t, daemon.Settings{
		Channels: []daemon.Channel{c}, Backend: "auto", RenderNodes: []string{"/nonexistent/renderD128"}, Env: rig.Env(),
	})
	awaitProven(t, d)
	worker := 0
	renditions := readAllOf(t, d, c, file, len(want), func() {
		worker = workerOn(t, d, "nvenc on "+rig.UUID(0)+" ("+does+")")
	})
	told := toldByNVENC(t, rig, worker)
	for i, r := range renditions {
		checkRung(t, r, want[i])
		if want[i].kbps > 0 {
			checkSets(t, r, told, false)
		}
	}
	checkNVENC(t, rig, worker, want)
}

// awaitProven waits until the daemon knows its devices, so that the broadcast is not held
// up meanwhile, as a box's first one is.
func awaitProven(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	awaitOrFail(t, within(t, time.Minute), "the devices to be proven", func() (bool, error) {
		return strings.Contains(d.Output(), "msg=backend wanted="), nil
	}, d.Output)
}

// workerOn wants the channel's worker to run on that backend from its start on, and
// returns its process id.
func workerOn(t *testing.T, d *daemon.Daemon, backend string) int {
	t.Helper()
	s, err := d.AwaitStream(within(t, 20*time.Second), studio, func(s daemon.Stream) bool { return s.Worker != nil && s.Worker.PID != 0 })
	if err != nil {
		t.Fatal(err)
	}
	if s.Worker.Backend != backend || s.Worker.Restarts != 0 {
		t.Errorf("the worker is %+v, not on %s", *s.Worker, backend)
		return 0
	}
	return s.Worker.PID
}

// checkNVENC holds what the driver was given to what the ladder wants.
func checkNVENC(t *testing.T, rig *doubles.Rig, worker int, want []rung) {
	t.Helper()
	events, err := rig.Record()
	if err != nil {
		t.Fatal(err)
	}
	encoders, forced := map[int]doubles.Options{}, map[int][]int64{}
	for _, e := range events {
		switch {
		case e.PID != worker:
		case e.Kind == doubles.Initialized:
			encoders[e.Session] = e.Options
		case e.Kind == doubles.Reconfigured:
			t.Errorf("session %d was reconfigured, which makes an IDR", e.Session)
		case e.Kind == doubles.Forced && !e.IDR:
			t.Errorf("session %d: picture %d was forced to be an I picture that is no IDR", e.Session, e.Picture)
		case e.Kind == doubles.Forced:
			forced[e.Session] = append(forced[e.Session], e.Timestamp)
		}
	}
	grid := []int64(nil)
	for session, o := range encoders {
		if grid == nil {
			grid = forced[session]
		}
		if len(grid) < 3 || len(forced[session]) != len(grid) {
			t.Errorf("%dx%d: IDRs were forced at %d, elsewhere at %d", o.Width, o.Height, forced[session], grid)
		}
		for i := range min(len(grid), len(forced[session])) {
			if forced[session][i] != grid[i] {
				t.Errorf("%dx%d: IDRs were forced at %d, elsewhere at %d", o.Width, o.Height, forced[session], grid)
			}
		}
		checkOptions(t, o)
	}
	made := 0
	for _, r := range want {
		if r.kbps > 0 {
			made++
			checkGiven(t, encoders, r)
		}
	}
	if len(encoders) != made {
		t.Errorf("%d encoders were open for %d renditions", len(encoders), made)
	}
}

// checkOptions is about what is the same for all renditions: constant bit rate in a small
// buffer, and no keyframe, B-frame or delay that nobody asked for.
func checkOptions(t *testing.T, o doubles.Options) {
	t.Helper()
	if o.Preset != "p4" || o.Tuning != "ll" || o.RateControl != "cbr" || o.VBV != o.Bitrate/5 || o.Lookahead != 0 ||
		o.BFrames != 0 || o.GOP < math.MaxInt32 || o.IDRPeriod < math.MaxInt32 || o.StrictGOP != 1 ||
		o.ZeroReorderDelay != 1 || o.DisableHeaders != 1 {
		t.Errorf("the driver was told %+v", o)
	}
}

// checkGiven wants an encoder of the rendition's size, bit rate and frame rate.
func checkGiven(t *testing.T, encoders map[int]doubles.Options, r rung) {
	t.Helper()
	for _, o := range encoders {
		if o.Width == r.width && o.Height == r.height {
			if o.Bitrate != 1000*r.kbps || math.Abs(float64(o.RateNum)/float64(o.RateDen)-r.fps) > 1e-6 {
				t.Errorf("%s: the driver was told %d bit a second, %d/%d pictures", r.name, o.Bitrate, o.RateNum, o.RateDen)
			}
			return
		}
	}
	t.Errorf("no encoder has %s's %d×%d", r.name, r.width, r.height)
}

// TestLaddersOnNVENC makes ladders by FFmpeg's NVENC on doubles of the driver, in each way
// in which the work is divided between card and CPU.
func TestLaddersOnNVENC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		box     doubles.Box
		faults  []doubles.Fault
		channel daemon.Channel
		clip    string
		does    string
		cpu     int
		want    []rung
	}{
		{"pictures never leave the card", doubles.Box{}, nil,
			daemon.Channel{Type: ladder.Standard}, clip(t, clip1080p30), "decode, scale, encode", 14, standardHD},
		{"pictures are uploaded and scaled", doubles.Box{Without: []doubles.Library{doubles.Decoder}}, nil,
			daemon.Channel{Type: ladder.AdvancedHD, Preset: ladder.ConstrainedBandwidth, Container: "TS"}, clip(t, clip720p30), "scale, encode", 13, advanced720},
		{"from main memory", doubles.Box{Without: []doubles.Library{doubles.Decoder}}, []doubles.Fault{{At: doubles.Kernels, Word: doubles.Generic}},
			daemon.Channel{Type: ladder.Standard, Container: "TS"}, clip(t, clip480p30), "encode", 8, standard480},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			useCPU(t, c.cpu)
			onNVENC(t, c.box, c.faults, channel(c.channel), c.clip, c.does, c.want)
		})
	}
}

// TestLaddersOnVAAPI does so by VAAPI, with a driver that takes headers from FFmpeg and one
// that writes its own.
func TestLaddersOnVAAPI(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		gpu     doubles.VAGPU
		channel daemon.Channel
		clip    string
		does    string
		cpu     int
		want    []rung
	}{
		{"pictures never leave the GPU", doubles.VAGPU{}, daemon.Channel{Type: ladder.Standard, Container: "TS"},
			clip(t, clip480p30), "decode, scale, encode", 9, standard480},
		{"the driver's own headers", doubles.VAGPU{OwnHeaders: true, NoDecoder: true, LowPower: true}, daemon.Channel{Type: ladder.AdvancedSD},
			clip(t, clip480p30), "scale, encode", 8, advanced480},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			useCPU(t, c.cpu)
			gpu := doubles.NewVA(t, c.gpu)
			ch := channel(c.channel)
			d := startDaemonWith(t, daemon.Settings{
				Channels: []daemon.Channel{ch}, Backend: "vaapi", RenderNodes: []string{gpu.Node()}, Env: gpu.Env(),
			})
			awaitProven(t, d)
			worker := 0
			renditions := readAllOf(t, d, ch, c.clip, len(c.want), func() {
				worker = workerOn(t, d, "vaapi on "+gpu.Node()+" ("+c.does+")")
			})
			told := toldByVAAPI(t, gpu, worker)
			for i, r := range renditions {
				checkRung(t, r, c.want[i])
				if c.want[i].kbps > 0 {
					checkSets(t, r, told, c.gpu.OwnHeaders)
				}
			}
			checkVAAPI(t, gpu, worker, c.want)
		})
	}
}

// checkVAAPI holds what the driver was told to what the ladder wants.
func checkVAAPI(t *testing.T, gpu *doubles.VA, worker int, want []rung) {
	t.Helper()
	for _, e := range gpu.Recorded(doubles.VAEncoder) {
		if e.PID == worker && !strings.EqualFold(e.RateControl, "cbr") {
			t.Errorf("an encoder of %d×%d was opened with %s", e.Width, e.Height, e.RateControl)
		}
	}
	for _, e := range gpu.Recorded(doubles.VAPicture) {
		if e.PID == worker && e.Type != "IDR" {
			t.Errorf("picture %d is %s", e.Picture, e.Type)
		}
	}
	sequences := gpu.Recorded(doubles.VASequence)
	for _, r := range want {
		given := false
		for _, e := range sequences {
			given = given || e.PID == worker && e.Bitrate == 1000*r.kbps && e.VBV == 200*r.kbps && e.IPPeriod == 1
		}
		if r.kbps > 0 && !given {
			t.Errorf("%s: the driver was not told its %d kb/s: %+v", r.name, r.kbps, sequences)
		}
	}
}
