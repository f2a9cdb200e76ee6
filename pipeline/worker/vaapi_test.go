package worker

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/testassets/doubles"
)

func TestVAAPIOnTheDouble(t *testing.T) {
	sources := sourcesMark + "=" + t.TempDir()
	for name, b := range combinations("vaapi", "") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gpu := doubles.NewVA(t, doubles.VAGPU{})
			b.Device.ID = gpu.Node()
			tests := briefly
			if b.Decode && b.Scale {
				tests = everyBackend
			}
			tryBackend(t, b, append(environ(gpu), sources), tests)
			checkVAToldCBR(t, gpu)
			checkVAWorked(t, gpu, b)
		})
	}
}

// checkVAToldCBR looks at what the driver was told, not at what was asked of libav.
func checkVAToldCBR(t *testing.T, gpu *doubles.VA) {
	t.Helper()
	opened, sequences := gpu.Recorded(doubles.VAEncoder), gpu.Recorded(doubles.VASequence)
	if len(opened) == 0 || len(sequences) == 0 {
		t.Fatal("the driver encoded nothing")
	}
	const high = 7 // VAProfileH264High
	for _, e := range opened {
		if e.RateControl != "cbr" || e.Profile != high {
			t.Errorf("an encoder was opened with %+v", e)
		}
	}
	for _, e := range sequences {
		if e.IPPeriod != 1 || e.Target != 100 || e.VBV != e.Bitrate/5 || e.GOP != vaapiNet {
			t.Errorf("an encoder was told %+v", e)
		}
	}
	for _, e := range gpu.Recorded(doubles.VAPicture) {
		if e.Type != "IDR" {
			t.Errorf("a picture is %+v", e)
		}
	}
}

// checkVAWorked finds that the device did what it is there for.
func checkVAWorked(t *testing.T, gpu *doubles.VA, b pipeline.Backend) {
	t.Helper()
	if n := len(gpu.Recorded(doubles.VADecoder)); (n > 0) != b.Decode {
		t.Errorf("the device opened %d decoders", n)
	}
	scalers, deinterlacers := len(gpu.Recorded(doubles.VAScaler)), len(gpu.Recorded(doubles.VAFilter))
	if (scalers > 0) != b.Scale || (deinterlacers > 0) != b.Decode {
		t.Errorf("the device opened %d scalers and %d deinterlacers", scalers, deinterlacers)
	}
}

// Such drivers tell nothing before the first picture, and write neither captions nor
// colours.
func TestVAAPIWithADriverThatWritesItsOwnHeaders(t *testing.T) {
	gpu := doubles.NewVA(t, doubles.VAGPU{OwnHeaders: true})
	tryBackend(t, wholeVA(gpu), environ(gpu), []string{"TestVaryingFrameRateKeepsItsTimes", "TestReplacementGoesOnAtTheNextGridPoint",
		"TestCaptionsSurviveInEveryRendition", "TestUnregisteredUserDataIsKept"})
}

func environ(gpu *doubles.VA) []string { return append(os.Environ(), gpu.Env()...) }

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

func TestVAAPIIsToldTheLaddersFigures(t *testing.T) {
	gpu := doubles.NewVA(t, doubles.VAGPU{})
	s, job := vaJob(t, gpu)
	job.Videos[0].Rate = media.Rate{Num: 30000, Den: 1001}
	d, code := serve(t, gpu.Env(), job, s.packets)
	if code != pipeline.ExitDone || !slices.Equal(d.ready, []string{"h264_vaapi 320x180", "libx264 160x90"}) {
		t.Fatalf("exit code %d, ready with %q, %+v", code, d.ready, d.failed)
	}
	told := gpu.Recorded(doubles.VASequence)[0]
	if told.Bitrate != 400_000 || told.VBV != 80_000 || told.RateNum != 30000 || told.RateDen != 1001 {
		t.Errorf("the driver was told %+v", told)
	}
}

func TestVAAPITakesTheLowPowerEntryPointWhereThereIsNoOther(t *testing.T) {
	gpu := doubles.NewVA(t, doubles.VAGPU{LowPower: true})
	s, job := vaJob(t, gpu)
	if d, code := serve(t, gpu.Env(), job, s.packets); code != pipeline.ExitDone {
		t.Fatalf("exit code %d, %+v", code, d.failed)
	}
	opened := gpu.Recorded(doubles.VAEncoder)
	if slices.ContainsFunc(opened, func(e doubles.VAEvent) bool { return !e.LowPower }) {
		t.Errorf("encoders were opened with %+v", opened)
	}
}

func TestVAAPISourceThatTheGPUDoesNotDecodeIsTheCPUs(t *testing.T) {
	gpu := doubles.NewVA(t, doubles.VAGPU{NoDecoder: true})
	s, job := vaJob(t, gpu)
	d, code := serve(t, gpu.Env(), job, s.packets)
	if code != pipeline.ExitDone || len(d.result.videos[0].packets) != len(s.packets) {
		t.Fatalf("exit code %d, %+v, %d pictures of %d", code, d.failed, len(d.result.videos[0].packets), len(s.packets))
	}
	if !slices.ContainsFunc(d.logs, func(l pipeline.Log) bool { return strings.Contains(l.Text, "does not decode this source") }) {
		t.Error("nothing is said about who decodes")
	}
}

func TestVAAPIFaultsAreForAnotherBackend(t *testing.T) {
	const lost = "Failed to "
	at := func(p doubles.Point, w doubles.Word, after int) []doubles.Fault {
		return []doubles.Fault{{At: p, Word: w, After: after}}
	}
	cases := []struct {
		name   string
		gpu    doubles.VAGPU
		faults []doubles.Fault
		reason string
	}{
		{"no encoder", doubles.VAGPU{NoEncoder: true}, nil, "No usable encoding "},
		{"no encoder session left", doubles.VAGPU{Sessions: 1}, nil, "Failed to create encode pipeline context"},
		{"nothing that scales", doubles.VAGPU{NoScaler: true}, nil, "scale on "},
		{"the driver does not start", doubles.VAGPU{}, at(doubles.VAOpen, doubles.Fail, 0), "Failed to initialise VAAPI connection"},
		{"encoding fails", doubles.VAGPU{}, at(doubles.VAEncode, doubles.Fail, 20), lost},
		{"scaling fails", doubles.VAGPU{}, at(doubles.VAScale, doubles.Fail, 20), lost},
		{"it is lost while it encodes", doubles.VAGPU{}, at(doubles.VAEncode, doubles.Lost, 20), lost},
		{"it is lost while it decodes", doubles.VAGPU{}, at(doubles.VADecode, doubles.Lost, 20), lost},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			gpu := doubles.NewVA(t, c.gpu)
			for _, f := range c.faults {
				gpu.Misbehave(f)
			}
			s, job := vaJob(t, gpu)
			job.Videos[1].Width, job.Videos[1].Height = 256, 144
			d, code := serve(t, gpu.Env(), job, s.packets)
			if code != pipeline.ExitRetryElsewhere || d.failed == nil || !strings.Contains(d.failed.Reason, c.reason) {
				t.Errorf("exit code %d, %+v, want %q", code, d.failed, c.reason)
			}
		})
	}
}

func TestVAAPIWithoutADriver(t *testing.T) {
	gpu := doubles.NewVA(t, doubles.VAGPU{})
	s, job := vaJob(t, gpu)
	d, code := serve(t, append(gpu.Env(), "LIBVA_DRIVERS_PATH="+t.TempDir()), job, s.packets)
	if code != pipeline.ExitRetryElsewhere || d.failed == nil || !strings.Contains(d.failed.Reason, "Failed to initialise VAAPI connection") {
		t.Errorf("exit code %d, %+v", code, d.failed)
	}
}

// A worker that hangs in the driver is killed, and what it held of the GPU is free then.
func TestVAAPIKilledWorkerLeavesNoSession(t *testing.T) {
	gpu := doubles.NewVA(t, doubles.VAGPU{Sessions: 1})
	gpu.Misbehave(doubles.Fault{At: doubles.VAEncode, Word: doubles.Hang, After: 19})
	s, job := vaJob(t, gpu)
	job.Videos = job.Videos[:1]
	d := startProcess(t, gpu.Env(), job)
	d.send(append(append([]pipeline.Message{job}, inputs(s.packets)...), pipeline.Drain{})...)
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
	if err := syscall.Kill(gpu.Recorded(doubles.VAEncoder)[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-d.code
	gpu.Heal()
	if d, code := serve(t, gpu.Env(), job, s.packets); code != pipeline.ExitDone {
		t.Errorf("exit code %d, %+v", code, d.failed)
	}
}

func TestRenderNodeThatDoesNotOpenIsToldWhy(t *testing.T) {
	_, err := openVA(t.TempDir() + "/renderD128")
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "open the render node: ") {
		t.Errorf("got %v", err)
	}
}
