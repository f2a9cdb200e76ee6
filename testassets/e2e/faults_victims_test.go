package e2e

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
)

// fault is what goes wrong with an encoder, in mid-broadcast but for the first.
type fault string

const (
	unopened fault = "open"          // the encoder does not open, from the broadcast's start
	failing  fault = "error"         // it returns errors
	hanging  fault = "hang"          // a call of it does not return
	slowed   fault = "slow"          // each picture takes it more time than there is
	lost     fault = "lost"          // what it runs on is gone
	crashing fault = "crash"         // it crashes its process
	starved  fault = "out of memory" // it gets no more memory
)

var faults = []fault{unopened, failing, hanging, slowed, lost, crashing, starved}

var victims = []func(*testing.T) victim{nvencVictim, vaapiVictim, x264Victim}

// victim is an encoder to which the faults happen.
type victim struct {
	name     string // as the table has it
	settings daemon.Settings
	on       string // what its workers are on, in the beginning
	changes  bool   // another encoder takes its place, which has parameter sets of its own
	// strike has a fault happen, with pictures of which there are so many a second. GPUs
	// have it until they are healed. It returns when it has happened.
	strike func(t *testing.T, s scene, f fault)
	heal   func()
	// open waits for what has to happen where the encoder does not open, while the broadcast
	// is on; nil where nothing has to.
	open func(t *testing.T)
}

// scene is where a fault happens.
type scene struct {
	d    *daemon.Daemon
	rate int // pictures a second of the encoder that has most
}

// slowly is how long a picture takes that takes so many times the time that there is.
func (s scene) slowly(times int) time.Duration {
	return time.Duration(times) * time.Second / time.Duration(s.rate)
}

// slowGPU is how much slower than real time a double is when it is slow. Of one at half the
// pace a worker still does so much of the double's work that the machine may be held to be
// what is slow.
const slowGPU = 4

// nvencVictim's faults are NVENC's codes, or what FFmpeg makes of a driver that does not
// answer. A card that is lost fails all calls on it, CUDA's too.
func nvencVictim(t *testing.T) victim {
	t.Helper()
	rig := doubles.New(t, doubles.Box{Cards: []doubles.Card{{}}})
	told := map[fault][]doubles.Fault{
		unopened: {{At: doubles.Open, Word: doubles.OutOfMemory}},
		failing:  {{At: doubles.Encode, Word: doubles.Generic}},
		hanging:  {{At: doubles.Encode, Word: doubles.Hang}},
		crashing: {{At: doubles.Encode, Word: doubles.Crash}},
		starved:  {{At: doubles.Encode, Word: doubles.OutOfMemory}, {At: doubles.Open, Word: doubles.OutOfMemory}},
	}
	return victim{
		name:     "NVENC (double)",
		settings: daemon.Settings{Env: rig.Env(), Backend: "auto", RenderNodes: []string{"/nonexistent/renderD128"}},
		on:       "nvenc on " + rig.UUID(0) + " (decode, scale, encode)", changes: true,
		strike: func(t *testing.T, s scene, f fault) {
			switch f {
			case lost:
				rig.Lose(0)
			case slowed:
				rig.Misbehave(0, doubles.Fault{At: doubles.Encode, Delay: s.slowly(slowGPU)})
			}
			for _, do := range told[f] {
				rig.Misbehave(0, do)
			}
		},
		heal: func() { rig.Heal(0) },
	}
}

// vaapiVictim's faults are VA's codes. A GPU that is lost fails all calls of the
// processes that have seen it go, and is not there for others. Once it has crashed no
// replacement's encoder opens, which NVENC's does, and crashes again.
func vaapiVictim(t *testing.T) victim {
	t.Helper()
	gpu := doubles.NewVA(t, doubles.VAGPU{})
	told := map[fault][]doubles.Fault{
		unopened: {{At: doubles.VAEncoderOpen, Word: doubles.Fail}},
		failing:  {{At: doubles.VAEncode, Word: doubles.Fail}},
		hanging:  {{At: doubles.VAEncode, Word: doubles.Hang}},
		lost:     {{At: doubles.VAEncode, Word: doubles.Lost}, {At: doubles.VAOpen, Word: doubles.Lost}},
		crashing: {{At: doubles.VAEncode, Word: doubles.Crash}, {At: doubles.VAEncoderOpen, Word: doubles.Fail}},
		starved:  {{At: doubles.VAEncode, Word: doubles.OutOfMemory}, {At: doubles.VAEncoderOpen, Word: doubles.OutOfMemory}},
	}
	return victim{
		name:     "VAAPI (double)",
		settings: daemon.Settings{Env: gpu.Env(), Backend: "auto", RenderNodes: []string{gpu.Node()}},
		on:       "vaapi on " + gpu.Node() + " (decode, scale, encode)", changes: true,
		strike: func(t *testing.T, s scene, f fault) {
			if f == slowed {
				gpu.Misbehave(doubles.Fault{At: doubles.VAEncode, Delay: s.slowly(slowGPU)})
			}
			for _, do := range told[f] {
				gpu.Misbehave(do)
			}
		},
		heal: gpu.Heal,
	}
}

// x264Victim is real x264, which has no driver and nothing to move to. A library between
// libav and x264 has its calls fail in the process that runs then, not in the next one:
//
//	open            what x264 answers where it gets no memory, to a stream's first two workers
//	error           a call of the encoder fails
//	hang            a call of the encoder does not return; the process goes on breathing
//	slow            each picture takes twice the time that there is, as where others take the cores, for a while
//	lost            a CPU falls off no bus: the worker is killed, and so is its replacement at once
//	crash           a call of the encoder ends in SIGSEGV
//	out of memory   SIGKILL, as from the kernel, which seldom refuses memory
func x264Victim(t *testing.T) victim {
	t.Helper()
	x264 := doubles.NewX264(t)
	opened := 0 // encoders, before they are refused
	return victim{
		name:     "x264",
		settings: daemon.Settings{Env: x264.Env(), Backend: "x264"},
		on:       "x264",
		strike: func(t *testing.T, s scene, f fault) {
			told := doubles.Fault{At: doubles.X264Encode}
			switch f {
			case unopened:
				opened = len(x264.Openings())
				x264.Misbehave(doubles.Fault{At: doubles.X264Open, Word: doubles.Fail})
				return
			case starved:
				killWorker(t, s.d, studio, 1, syscall.SIGKILL)
				return
			case lost:
				for n := range 2 {
					killWorker(t, s.d, studio, n+1, syscall.SIGKILL)
				}
				return
			case failing:
				told.Word = doubles.Fail
			case hanging:
				told.Word = doubles.Hang
			case crashing:
				told.Word = doubles.Crash
			case slowed:
				told.Delay = s.slowly(2)
			}
			told.PID = streamOf(t, s.d).Worker.PID
			x264.Misbehave(told)
		},
		heal: x264.Heal,
		open: func(t *testing.T) {
			awaitOrFail(t, within(t, 20*time.Second), "two workers without an encoder", func() (bool, error) {
				var refused []int
				for _, o := range x264.Openings()[opened:] {
					if o.Refused && !slices.Contains(refused, o.PID) {
						refused = append(refused, o.PID)
					}
				}
				return len(refused) >= 2, nil
			}, nil)
			x264.Heal()
		},
	}
}
