package worker

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/testassets/doubles"
)

func TestVAAPIOnTheDouble(t *testing.T) {
	for name, b := range combinations("vaapi", "") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gpu := doubles.NewVA(t)
			b.Device.ID = gpu.Node()
			tryBackend(t, b, gpu.Environ())
			checkVAToldCBR(t, gpu)
			checkVAWorked(t, gpu, b)
		})
	}
}

// checkVAToldCBR looks at what the driver was told, not at what was asked of libav.
func checkVAToldCBR(t *testing.T, gpu *doubles.VA) {
	t.Helper()
	opened, sequences := gpu.Record(t, "va-encoder-open"), gpu.Record(t, "va-sequence")
	if len(opened) == 0 || len(sequences) == 0 {
		t.Fatal("the driver encoded nothing")
	}
	for _, o := range opened {
		if o["rate-control"] != "CBR" || o["profile"] != "7" {
			t.Errorf("an encoder was opened with %v", o)
		}
	}
	for _, s := range sequences {
		if s["ip-period"] != "1" || s["target"] != "100" || s["window"] != "200" {
			t.Errorf("an encoder was told %v", s)
		}
	}
	for _, p := range gpu.Record(t, "va-picture") {
		if p["type"] != "IDR" {
			t.Errorf("a picture is %v", p)
		}
	}
}

// checkVAWorked finds that the device did what it is there for.
func checkVAWorked(t *testing.T, gpu *doubles.VA, b pipeline.Backend) {
	t.Helper()
	if n := len(gpu.Record(t, "va-decoder-open")); (n > 0) != b.Decode {
		t.Errorf("the device opened %d decoders", n)
	}
	if n := len(gpu.Record(t, "va-process")); (n > 0) != b.Scale {
		t.Errorf("the device opened %d scalers", n)
	}
}

// Such drivers tell nothing before the first picture, and write neither captions nor
// colours.
func TestVAAPIWithADriverThatWritesItsOwnHeaders(t *testing.T) {
	gpu := doubles.NewVA(t)
	gpu.Ask(t, "va-packed-headers 0")
	runTests(t, wholeVA(gpu), gpu.Environ(), "TestVaryingFrameRateKeepsItsTimes", "TestReplacementGoesOnAtTheNextGridPoint",
		"TestCaptionsSurviveInEveryRendition", "TestUnregisteredUserDataIsKept")
}

func wholeVA(gpu *doubles.VA) pipeline.Backend {
	return pipeline.Backend{Encoder: pipeline.VAAPI, Device: pipeline.Device{API: pipeline.VA, ID: gpu.Node()}, Decode: true, Scale: true}
}

// vaJob is small's, on gpu.
func vaJob(t *testing.T, gpu *doubles.VA) (*source, pipeline.Job) {
	t.Helper()
	s := record(t, append(append(moving("640x360", "30", 2), ultrafast...), "-bf", "2", "-g", "30")...)
	job := small(s)
	job.Backend = wholeVA(gpu)
	return s, job
}

// runVA runs the job to its end in a process.
func runVA(t *testing.T, s *source, job pipeline.Job, environ []string) (*daemon, pipeline.ExitCode) {
	t.Helper()
	d, _ := startChild(t, job, environ)
	d.send(append(inputs(s.packets), pipeline.Drain{})...)
	d.read(t)
	return d, <-d.code
}

func TestVAAPIIsToldTheLaddersFigures(t *testing.T) {
	gpu := doubles.NewVA(t)
	s, job := vaJob(t, gpu)
	job.Videos[0].Rate = media.Rate{Num: 30000, Den: 1001}
	d, code := runVA(t, s, job, gpu.Environ())
	if code != pipeline.ExitDone || !slices.Equal(d.ready, []string{"h264_vaapi 320x180", "libx264 160x90"}) {
		t.Fatalf("exit code %d, ready with %q, %+v", code, d.ready, d.failed)
	}
	told := gpu.Record(t, "va-sequence")[0]
	for key, want := range map[string]string{
		"bit-rate": "400000", "buffer": "80000", "frame-rate": "30000/1001", "ip-period": "1", "idr-period": fmt.Sprint(vaapiNet),
	} {
		if told[key] != want {
			t.Errorf("the driver was told %s=%s, want %s", key, told[key], want)
		}
	}
}

func TestVAAPITakesTheLowPowerEntryPointWhereThereIsNoOther(t *testing.T) {
	gpu := doubles.NewVA(t)
	gpu.Ask(t, "va-encode-cbr 0", "va-encode-lp 1")
	s, job := vaJob(t, gpu)
	if d, code := runVA(t, s, job, gpu.Environ()); code != pipeline.ExitDone {
		t.Fatalf("exit code %d, %+v", code, d.failed)
	}
	for _, o := range gpu.Record(t, "va-encoder-open") {
		if o["entrypoint"] != "EncSliceLP" {
			t.Errorf("an encoder was opened at %s", o["entrypoint"])
		}
	}
}

func TestVAAPISourceThatTheGPUDoesNotDecodeIsTheCPUs(t *testing.T) {
	gpu := doubles.NewVA(t)
	gpu.Ask(t, "va-decode 0")
	s, job := vaJob(t, gpu)
	d, code := runVA(t, s, job, gpu.Environ())
	if code != pipeline.ExitDone || len(d.result.videos[0].packets) != len(s.packets) {
		t.Fatalf("exit code %d, %+v, %d pictures of %d", code, d.failed, len(d.result.videos[0].packets), len(s.packets))
	}
	if !slices.ContainsFunc(d.logs, func(l pipeline.Log) bool { return strings.Contains(l.Text, "does not decode this source") }) {
		t.Error("nothing is said about who decodes")
	}
}

func TestVAAPIFaultsAreForAnotherBackend(t *testing.T) {
	cases := []struct{ name, asked, reason string }{
		{"no encoder", "va-encode 0", "this GPU has no H.264 encoder"},
		{"no encoder session left", "va-sessions 1", "this GPU opens no more encoder sessions"},
		{"the driver does not start", "va-open-fail 1", "no VAAPI driver works on this GPU"},
		{"encoding fails", "va-encode-fail 20", "encode "},
		{"scaling fails", "va-process-fail 20", "scale to "},
		{"the device is lost while it encodes", "va-encode-lost 20", "the GPU or its driver has failed"},
		{"the device is lost while it decodes", "va-decode-lost 20", "the GPU or its driver has failed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			gpu := doubles.NewVA(t)
			gpu.Ask(t, c.asked)
			s, job := vaJob(t, gpu)
			job.Videos[1].Width, job.Videos[1].Height = 256, 144
			d, code := runVA(t, s, job, gpu.Environ())
			if code != pipeline.ExitRetryElsewhere || d.failed == nil || !strings.Contains(d.failed.Reason, c.reason) {
				t.Errorf("exit code %d, %+v, want %q", code, d.failed, c.reason)
			}
		})
	}
}

func TestVAAPIWithoutADriver(t *testing.T) {
	gpu := doubles.NewVA(t)
	s, job := vaJob(t, gpu)
	d, code := runVA(t, s, job, append(gpu.Environ(), "LIBVA_DRIVERS_PATH="+t.TempDir()))
	if code != pipeline.ExitRetryElsewhere || d.failed == nil || !strings.Contains(d.failed.Reason, "no VAAPI driver works on this GPU") {
		t.Errorf("exit code %d, %+v", code, d.failed)
	}
}

// A worker that hangs in the driver is killed, and what it held of the GPU is free then.
func TestVAAPIKilledWorkerLeavesNoSession(t *testing.T) {
	gpu := doubles.NewVA(t)
	gpu.Ask(t, "va-sessions 1", "va-encode-hang 20")
	s, job := vaJob(t, gpu)
	job.Videos = job.Videos[:1]
	d, process := startChild(t, job, gpu.Environ())
	d.send(append(inputs(s.packets), pipeline.Drain{})...)
	for {
		m, err := d.conn.Receive()
		if err != nil {
			t.Fatal(err)
		}
		// A heartbeat with no picture more than the one before: it hangs.
		if p, ok := m.(pipeline.Progress); ok {
			d.progress = append(d.progress, p)
			if n := len(d.progress); n > 1 && p.FramesOut[0] == 19 && d.progress[n-2].FramesOut[0] == 19 {
				break
			}
		}
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-d.code
	gpu.Ask(t, "va-sessions 1")
	if d, code := runVA(t, s, job, gpu.Environ()); code != pipeline.ExitDone {
		t.Errorf("exit code %d, %+v", code, d.failed)
	}
}

func TestRenderNodeThatDoesNotOpenIsToldWhy(t *testing.T) {
	if err := unreachable(&fs.PathError{Op: "open", Path: "/dev/dri/renderD128", Err: fs.ErrPermission}); !strings.HasPrefix(err.Error(), "no permission on the render node: add the ladderd user to group render") {
		t.Errorf("got %v", err)
	}
	_, err := openVA(t.TempDir() + "/renderD128")
	if err == nil || !strings.HasPrefix(err.Error(), "this machine has no such render node") {
		t.Errorf("got %v", err)
	}
}
