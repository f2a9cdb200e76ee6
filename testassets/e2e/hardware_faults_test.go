package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// gpuDouble is a double's GPU to which things happen.
type gpuDouble struct {
	settings daemon.Settings
	backend  string                               // what its workers are on
	least    int                                  // the smallest width that its workers give it, in pixels
	fail     func()                               // has its encoders fail from now on
	told     func(worker int) []hls.ParameterSets // by a worker's encoders
}

func nvencDouble(t *testing.T) gpuDouble {
	t.Helper()
	rig := doubles.New(t, doubles.Box{Cards: []doubles.Card{{}}})
	return gpuDouble{
		daemon.Settings{Env: rig.Env(), RenderNodes: []string{"/nonexistent/renderD128"}},
		"nvenc on " + rig.UUID(0) + " (decode, scale, encode)", 145,
		func() { rig.Misbehave(0, doubles.Fault{At: doubles.Encode, Word: doubles.Generic}) },
		func(worker int) []hls.ParameterSets { return toldByNVENC(t, rig, worker) },
	}
}

func vaapiDouble(t *testing.T) gpuDouble {
	t.Helper()
	gpu := doubles.NewVA(t, doubles.VAGPU{})
	return gpuDouble{
		daemon.Settings{Env: gpu.Env(), RenderNodes: []string{gpu.Node()}},
		"vaapi on " + gpu.Node() + " (decode, scale, encode)", 256,
		func() { gpu.Misbehave(doubles.Fault{At: doubles.VAEncode, Word: doubles.Fail}) },
		func(worker int) []hls.ParameterSets { return toldByVAAPI(t, gpu, worker) },
	}
}

// TestBroadcastOutlivesItsHardware has one broadcast on each make of GPU, to which
// everything happens in turn: its worker is killed, an SRT publisher takes over from the
// RTMP publisher, and the encoder fails in mid-stream. Publishers keep their connection,
// and the parsers find nothing. ladderd verify finds nothing up to the takeover; it would
// tell of an IDR in mid-segment then, and of x264's other parameter sets.
func TestBroadcastOutlivesItsHardware(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, container, latency string
		gpu                      func(*testing.T) gpuDouble
	}{
		{"NVENC", "", "", nvencDouble},
		{"VAAPI in TS and plain HLS", "TS", "NORMAL", vaapiDouble},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := clip(t, mixed)
			useCPU(t, 8)
			outlive(t, c.gpu(t), channel(daemon.Channel{Type: ladder.Standard, Container: c.container, Latency: c.latency}), file)
		})
	}
}

// untilTakeover is how much media ladderd verify follows: past the hole that the worker
// leaves that is killed.
const untilTakeover = 8 * time.Second

func outlive(t *testing.T, gpu gpuDouble, c daemon.Channel, file string) {
	t.Helper()
	s := gpu.settings
	s.Channels, s.Backend, s.Reconnect, s.SRT = []daemon.Channel{c}, "auto", 30*time.Second, 200*time.Millisecond
	o := ordeal{d: startDaemonWith(t, s), gpu: gpu, far: newProgress()}
	awaitProven(t, o.d)
	first, err := publish.FFmpegLoop(o.d.RTMP(c.Key), file)
	first = stopAtEnd(t, first, err)
	v := view(t, o.d, o.d.Playback(c.ID), mixedRenditions, o.far.seen)
	verified := startVerify(t, o.d.Playback(c.ID), untilTakeover)
	o.far.await(t, mixedRenditions, 2)
	o.began = checkOn(t, o.d, gpu.backend, 0)

	o.killed(t, first)
	verified.finish(t)
	second, err := publish.FFmpegSRTLoop(overSRT(o.d.SRTAddr(), "streamid=#!::u="+c.Key+",priority=5"), file)
	second = stopAtEnd(t, second, err)
	o.takenOver(t)
	o.failed(t, second)

	if err := second.Stop(); err != nil {
		t.Logf("the publisher: %v", err) // ffmpeg's exit code for Ctrl-C is 255
	}
	renditions := v.finish(t)
	checkWithin(t, renditions, hls.LastSlackCut)
	checkHoles(t, renditions, 2)
	for _, r := range renditions[1:] { // the first is passed through
		if r.Width >= gpu.least {
			checkSetsChange(t, r, gpu.told(o.began.Worker.PID))
		}
	}
	if n := strings.Count(o.d.Output(), `name="Session Created"`); n != 1 {
		t.Errorf("%d streams", n)
	}
}

// ordeal is a broadcast to which things happen.
type ordeal struct {
	d     *daemon.Daemon
	gpu   gpuDouble
	far   *progress
	began daemon.Stream // as it was before
}

// killed kills the worker: another one on the same GPU follows, and the publisher does
// not notice.
func (o ordeal) killed(t *testing.T, p *publish.Publisher) {
	t.Helper()
	connection := sockets(t, p.PID())
	past := o.far.least(mixedRenditions) + segmentsOfHole + 1
	killWorker(t, o.d, studio, 1, syscall.SIGKILL)
	o.far.await(t, mixedRenditions, past)
	checkConnected(t, p, connection)
	checkOn(t, o.d, o.gpu.backend, 1)
}

// takenOver waits for the publisher that comes by SRT, in the same stream on the same
// worker.
func (o ordeal) takenOver(t *testing.T) {
	t.Helper()
	before := streamOf(t, o.d)
	taken := awaitProtocol(t, o.d, "srt", 1)
	o.far.await(t, mixedRenditions, o.far.least(mixedRenditions)+2)
	if after := checkOn(t, o.d, o.gpu.backend, 1); taken.ID != o.began.ID || after.Worker.PID != before.Worker.PID {
		t.Errorf("the takeover made of %+v, on %+v: %+v, on %+v", o.began, before.Worker, taken, after.Worker)
	}
}

// failed has the encoder fail: x264 goes on in its place, and the publisher does not
// notice.
func (o ordeal) failed(t *testing.T, p *publish.Publisher) {
	t.Helper()
	before := streamOf(t, o.d)
	past := o.far.least(mixedRenditions) + segmentsOfHole + 1
	o.gpu.fail()
	after, err := o.d.AwaitStream(t.Context(), studio, func(s daemon.Stream) bool {
		return s.Worker != nil && s.Worker.PID > 0 && strings.HasPrefix(s.Worker.Backend, "x264")
	})
	if err != nil {
		t.Fatal(err)
	}
	o.far.await(t, mixedRenditions, past)
	if after.Worker.Restarts != 2 || after.ID != o.began.ID || after.Remote != before.Remote || !p.Running() {
		t.Errorf("the encoder's failure made of %+v: %+v, on %+v", before, after, after.Worker)
	}
}

// checkOn wants the worker to be on a backend, and to be the first one's nth replacement.
func checkOn(t *testing.T, d *daemon.Daemon, backend string, n int) daemon.Stream {
	t.Helper()
	s := streamOf(t, d)
	if s.Worker == nil || s.Worker.Backend != backend || s.Worker.Restarts != n {
		t.Fatalf("the worker is %+v, not replacement %d on %s", s.Worker, n, backend)
	}
	return s
}

// checkSetsChange wants the driver's parameter sets, which its two workers share, and
// then x264's.
func checkSetsChange(t *testing.T, r *hls.Rendition, told []hls.ParameterSets) {
	t.Helper()
	sets, err := r.ParameterSets(t.Context())
	if err != nil {
		t.Errorf("%s: %v", r.Name, err)
		return
	}
	if len(sets) != 2 {
		t.Errorf("%s has %d parameter sets one after the other, not the driver's and then x264's", r.Name, len(sets))
	}
	checkTold(t, r, sets[0], told, false)
}
