package doubles_test

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"os/exec"
	"strings"
	"testing"

	"ladderd/testassets/await"
	"ladderd/testassets/doubles"
)

// short is an encoding that works.
func short(from source) encoding {
	return encoding{
		From: from, Width: 320, Height: 180, Pictures: 12, IDRs: map[int]bool{0: true, 5: true},
		Options: map[string]string{
			"forced-idr": "1", "delay": "0", "preset": "p4", "tune": "ll", "rc": "cbr", "b": "500000",
			"bufsize": "250000", "g": "1000",
		},
	}
}

func (e encoding) with(option, value string) encoding {
	e.Options = maps.Clone(e.Options)
	e.Options[option] = value
	return e
}

func oneCard(t *testing.T) *doubles.Rig {
	t.Helper()
	return doubles.New(t, doubles.Box{Cards: []doubles.Card{{}}})
}

func TestNVENCEncodesFromEachKindOfMemory(t *testing.T) {
	t.Parallel()
	for _, from := range []source{system, uploaded, scaled} {
		t.Run(string(from), func(t *testing.T) {
			a := short(from).on(t, oneCard(t))
			if a.Error != "" {
				t.Fatal(a.Error)
			}
			for i, p := range a.Packets {
				want := i == 0 || i == 5
				if p.Key != want || p.PTS != int64(i) || p.DTS != int64(i) {
					t.Errorf("packet %d: PTS %d, DTS %d, key %v", i, p.PTS, p.DTS, p.Key)
				}
				if idr, headers := contains(p.Data, 5), contains(p.Data, 7) && contains(p.Data, 8); idr != want || headers != want {
					t.Errorf("packet %d: IDR %v, SPS and PPS %v", i, idr, headers)
				}
			}
			if len(a.Packets) != 12 {
				t.Errorf("%d packets of 12 pictures", len(a.Packets))
			}
		})
	}
}

// contains says whether an Annex B access unit has a NAL unit of this type.
func contains(unit []byte, kind byte) bool {
	for i := 0; i+3 < len(unit); i++ {
		if unit[i] == 0 && unit[i+1] == 0 && unit[i+2] == 1 && unit[i+3]&31 == kind {
			return true
		}
	}
	return false
}

func TestNVENCForcesNoIDRWhereOnlyIntraIsAsked(t *testing.T) {
	t.Parallel()
	a := short(system).with("forced-idr", "0").on(t, oneCard(t))
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	if p := a.Packets[5]; p.Key || contains(p.Data, 5) {
		t.Error("picture 5 is an IDR without forced-idr")
	}
}

func TestNVENCKeepsHeadersOutOfBand(t *testing.T) {
	t.Parallel()
	e := short(system)
	e.GlobalHeader = true
	a := e.on(t, oneCard(t))
	if !contains(a.Header, 7) || !contains(a.Header, 8) {
		t.Errorf("header without SPS or PPS: %x", a.Header)
	}
	for i, p := range a.Packets {
		if contains(p.Data, 7) {
			t.Errorf("packet %d has an SPS", i)
		}
	}
}

func TestNVENCRecordsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	rig := oneCard(t)
	e := short(system)
	e.Rates = map[int]int64{8: 300000}
	if a := e.on(t, rig); a.Error != "" {
		t.Fatal(a.Error)
	} else if !a.Packets[8].Key {
		t.Error("a change of rate forced no IDR")
	}
	first := only(t, rig, doubles.Initialized).Options
	want := doubles.Options{
		Width: 320, Height: 180, RateNum: 30, RateDen: 1, Preset: "p4", Tuning: "ll", Profile: "main",
		RateControl: "cbr", Bitrate: 500000, VBV: 250000, GOP: 1000, IDRPeriod: 1000, CABAC: 1,
		RepeatHeaders: 1, Primaries: 2, Transfer: 2, Matrix: 2,
	}
	if first != want {
		t.Errorf("initialized with\n%+v, want\n%+v", first, want)
	}
	if o := only(t, rig, doubles.Reconfigured); o.Bitrate != 300000 {
		t.Errorf("reconfigured to %d bit/s", o.Bitrate)
	}
	forced, err := rig.Recorded(doubles.Forced)
	if err != nil || len(forced) != 2 || forced[1].Picture != 5 || !forced[1].IDR {
		t.Errorf("forced: %+v, %v", forced, err)
	}
	if c := only(t, rig, doubles.Closed); c.Pictures != 12 || c.ForcedIDRs != 2 {
		t.Errorf("closed after %+v", c)
	}
}

func only(t *testing.T, rig *doubles.Rig, kind doubles.Kind) doubles.Event {
	t.Helper()
	events, err := rig.Recorded(kind)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events %q, want one; %v", len(events), kind, err)
	}
	return events[0]
}

func TestNVENCFailsAsItIsTold(t *testing.T) {
	t.Parallel()
	card := []doubles.Card{{}}
	for name, c := range map[string]struct {
		box   doubles.Box
		fault doubles.Fault
		lose  bool
		want  string // in the error
	}{
		"no driver":         {box: doubles.Box{Without: doubles.NoDriver}, want: "open encoder"},
		"driver without it": {box: doubles.Box{Cards: card, Without: []doubles.Library{doubles.Encoder}}, want: "open encoder"},
		"no card":           {want: "open encoder"},
		"old driver":        {box: doubles.Box{Cards: card, NVENC: 120}, want: "open encoder: Function not implemented"},
		"lost":              {box: doubles.Box{Cards: card}, lose: true, want: "open encoder"},
		"open: out of memory": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Open, Word: doubles.OutOfMemory}, want: "open encoder",
		},
		"open: client key": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Open, Word: doubles.IncompatibleClientKey},
			want: "open encoder",
		},
		"no encoder": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Open, Word: doubles.UnsupportedDevice}, want: "open encoder",
		},
		"initialize": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Initialize, Word: doubles.InvalidParam},
			want: "open encoder: Invalid argument",
		},
		"encode": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Encode, Word: doubles.Generic, After: 7},
			want: "picture 7",
		},
		"lock": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Lock, Word: doubles.DeviceNotExist, After: 3},
			want: "picture 2",
		},
		"busy": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Encode, Word: doubles.EncoderBusy, After: 7},
			want: "picture 9", // FFmpeg takes it for a full queue, until its surfaces are used up
		},
		"too small": {box: doubles.Box{Cards: []doubles.Card{{MinWidth: 400}}}, want: "open encoder: Invalid argument"},
		"too large": {box: doubles.Box{Cards: []doubles.Card{{MaxSize: 256}}}, want: "open encoder"},
	} {
		t.Run(name, func(t *testing.T) {
			rig := doubles.New(t, c.box)
			if c.fault.At != "" {
				rig.Misbehave(0, c.fault)
			}
			if c.lose {
				rig.Lose(0)
			}
			if a := short(system).on(t, rig); !strings.Contains(a.Error, c.want) {
				t.Errorf("error %q, want %q in it", a.Error, c.want)
			}
			if len(c.box.Cards) == 0 || len(c.box.Without) > 0 || c.box.NVENC != 0 || c.box.Cards[0] != (doubles.Card{}) {
				return
			}
			rig.Heal(0)
			if a := short(system).on(t, rig); a.Error != "" {
				t.Errorf("after it was healed: %s", a.Error)
			}
		})
	}
}

// holder is a process that keeps an encoder open until it is ended.
type holder struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

func hold(t *testing.T, rig *doubles.Rig) *holder {
	t.Helper()
	e := short(system)
	e.Wait = true
	cmd := command(t, rig, task{Encode: &e})
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("encoder that is to stay open: %v", err)
	}
	return &holder{cmd, in}
}

func TestSessionsAreCappedAcrossProcesses(t *testing.T) {
	t.Parallel()
	for _, answer := range []doubles.Word{doubles.OutOfMemory, doubles.IncompatibleClientKey} {
		t.Run(string(answer), func(t *testing.T) {
			rig := doubles.New(t, doubles.Box{Cards: []doubles.Card{{Sessions: 2, Capped: answer}}})
			first, second := hold(t, rig), hold(t, rig)
			if n := lookAt(t, rig).Cards[0].Sessions; n != 2 {
				t.Errorf("NVML tells %d sessions, want 2", n)
			}
			if a := short(system).on(t, rig); !strings.Contains(a.Error, "open encoder") {
				t.Fatalf("a third session: %q", a.Error)
			}
			// However a process ends, its session is free.
			if err := first.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = first.cmd.Wait() // it was killed
			if a := short(system).on(t, rig); a.Error != "" {
				t.Errorf("after one was killed: %s", a.Error)
			}
			second.stdin.Close()
			if err := second.cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNVENCHangsUntilItIsKilled(t *testing.T) {
	t.Parallel()
	rig := oneCard(t)
	rig.Misbehave(0, doubles.Fault{At: doubles.Encode, Word: doubles.Hang, After: 3})
	e := short(system)
	cmd := command(t, rig, task{Encode: &e})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	err := await.Until(t.Context(), "the hang", nil, func() (bool, error) {
		hung, err := rig.Recorded(doubles.Hung)
		return len(hung) == 1, err
	})
	if err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &failed) || failed.Success() {
		t.Errorf("after it was killed: %v", err)
	}
	if closed, err := rig.Recorded(doubles.Closed); err != nil || len(closed) != 0 {
		t.Errorf("it went on: %+v, %v", closed, err)
	}
}

func TestCrashEndsTheProcess(t *testing.T) {
	t.Parallel()
	rig := oneCard(t)
	rig.Misbehave(0, doubles.Fault{At: doubles.Encode, Word: doubles.Crash, After: 3})
	e := short(system)
	cmd := command(t, rig, task{Encode: &e})
	cmd.Stderr = nil
	if err := cmd.Run(); err == nil {
		t.Error("it ended well")
	}
}

func TestVisibleDevicesSelectACard(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"uuid", "index"} {
		t.Run(by, func(t *testing.T) {
			rig := doubles.New(t, doubles.Box{Cards: []doubles.Card{{}, {}, {}}})
			selected := map[string]string{"uuid": rig.UUID(2), "index": "2"}[by]
			if a := short(uploaded).on(t, rig, "CUDA_VISIBLE_DEVICES="+selected); a.Error != "" {
				t.Fatal(a.Error)
			}
			if card := only(t, rig, doubles.Closed).Card; card != 2 {
				t.Errorf("card %d encoded, want 2", card)
			}
		})
	}
}
