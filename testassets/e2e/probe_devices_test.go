package e2e

import (
	"strings"
	"testing"
	"time"

	"ladderd/testassets/doubles"
)

// none keeps render nodes out: those of the machine on which the tests run.
const none = `render_nodes = ["/nonexistent/renderD128"]`

// slowly is how long a probe may take where drivers hang: what NVML is given, twice the
// limit of a trial, and what the CPU and other tests take.
const slowly = 2 * time.Minute

// TestProbeOfTroubles has a box of cards with one trouble each, and two that work. Each has
// the right answer in words, and all of them come within the limit.
func TestProbeOfTroubles(t *testing.T) {
	t.Parallel()
	useCPU(t, transcoding) // it mostly waits
	dead := doubles.Fault{}
	cards := []struct {
		card  doubles.Card
		fault *doubles.Fault // nil for none
		why   string         // what encoding H.264 comes to, or the card's problem; empty where it works
	}{
		{doubles.Card{Name: "works"}, nil, ""},
		{doubles.Card{Name: "has no encoder"}, &doubles.Fault{At: doubles.Open, Word: doubles.UnsupportedDevice}, "this GPU has no video encoder"},
		{doubles.Card{Name: "is dead"}, &dead, "the GPU does not answer any more (device lost)"},
		{doubles.Card{Name: "is lost at work"}, &doubles.Fault{At: doubles.Encode, Word: doubles.DeviceNotExist}, "the GPU does not answer any more (device lost)"},
		{doubles.Card{Name: "hangs at work"}, &doubles.Fault{At: doubles.Encode, Word: doubles.Hang}, "the driver hangs: it was stopped after 15s"},
		{doubles.Card{Name: "hangs from the start"}, &doubles.Fault{At: doubles.Context, Word: doubles.Hang}, "the driver hangs: it was stopped after 15s"},
		{doubles.Card{Name: "crashes"}, &doubles.Fault{At: doubles.Lock, Word: doubles.Crash}, "the driver crashed"},
		{doubles.Card{Name: "hangs in NVML"}, &doubles.Fault{At: doubles.Management, Word: doubles.Hang}, "the card does not answer: it hangs"},
		{doubles.Card{Name: "crashes in NVML"}, &doubles.Fault{At: doubles.Management, Word: doubles.Crash}, "asking the card crashed the process that did"},
		{doubles.Card{Name: "has few sessions", Sessions: 3, Capped: doubles.IncompatibleClientKey}, nil, ""},
		{doubles.Card{Name: "is capped", Sessions: 5, Memory: 4096}, nil, ""},
	}
	var box doubles.Box
	for _, c := range cards {
		box.Cards = append(box.Cards, c.card)
	}
	rig := doubles.New(t, box)
	for i, c := range cards {
		switch c.fault {
		case nil:
		case &dead:
			rig.Lose(i)
		default:
			rig.Misbehave(i, *c.fault)
		}
	}
	p := probe(t, slowly, rig.Env(), t.TempDir(), none)
	found := p.devicesOf("cuda")
	if len(found) != len(cards) {
		t.Errorf("the box has %d cards: %+v", len(found), p.Devices)
	}
	for i, c := range cards {
		why, known := p.why(t, rig.UUID(i))
		if !known && c.why == "" {
			t.Errorf("%s: it is not listed", c.card.Name)
		}
		// A card that NVML does not tell the UUID of is known by its problem alone.
		if known && (why == "") != (c.why == "") || known && !strings.Contains(why, c.why) || !known && !p.problem(c.why) {
			t.Errorf("%s: it says %q, not %q", c.card.Name, why, c.why)
		}
	}
	checkSessions(t, p, rig.UUID(9), 3)
	checkSessions(t, p, rig.UUID(10), 5)
	if p.status != 0 || !strings.HasPrefix(p.NVENC.Backend, "nvenc on ") ||
		!strings.Contains(p.NVENC.Backend, rig.UUID(0)) && !strings.Contains(p.NVENC.Backend, rig.UUID(10)) {
		t.Errorf("status %d, nvenc is %+v", p.status, p.NVENC)
	}
}

// checkSessions wants the cap found, whatever the driver says to one too many.
func checkSessions(t *testing.T, p probed, id string, want int) {
	t.Helper()
	for i, d := range p.Devices {
		if d.Device.ID != id {
			continue
		}
		if s := p.best(t, i, "sessions", "h264"); s.Sessions != want || s.Capped != "all encoder sessions that the driver allows are in use" {
			t.Errorf("%s: %+v", d.Device.Name, s)
		}
	}
}

// TestProbeOfDrivers has a card that is right on a driver that is not.
func TestProbeOfDrivers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		box doubles.Box
		why string
	}{
		"old":                {doubles.Box{Driver: "525.147.05", NVENC: 120}, "driver 525.147.05 is too old: FFmpeg 7.1 needs 530.41.03"},
		"no encoder library": {doubles.Box{Without: []doubles.Library{doubles.Encoder}}, "the driver's library libnvidia-encode.so.1 is missing"},
		"no CUDA library":    {doubles.Box{Without: []doubles.Library{doubles.CUDA}}, "the driver's library libcuda.so.1 is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			useCPU(t, transcoding)
			c.box.Cards = []doubles.Card{{Name: "NVIDIA Right", Memory: 4096}}
			rig := doubles.New(t, c.box)
			p := probe(t, time.Minute, rig.Env(), t.TempDir(), none)
			if d := p.Devices[0].Device; d.Name != "NVIDIA Right" || d.ID != rig.UUID(0) || d.Memory != 4096<<20 || d.Driver == "" {
				t.Errorf("the card is %+v", d)
			}
			if why, _ := p.why(t, rig.UUID(0)); !strings.Contains(why, c.why) {
				t.Errorf("it says %q, not %q", why, c.why)
			}
			if p.status != 2 || !strings.Contains(p.NVENC.Why, c.why) || !strings.HasPrefix(p.Auto.Backend, "x264") {
				t.Errorf("status %d, nvenc is %+v, auto %+v", p.status, p.NVENC, p.Auto)
			}
		})
	}
}

// devicesOf are the indices of the devices of an interface.
func (p probed) devicesOf(api string) (list []int) {
	for i, d := range p.Devices {
		if d.Device.API == api {
			list = append(list, i)
		}
	}
	return list
}

// why is why a device does not encode H.264; known is false where it is not listed.
func (p probed) why(t *testing.T, id string) (why string, known bool) {
	t.Helper()
	for i, d := range p.Devices {
		switch {
		case d.Device.ID != id:
		case d.Device.Problem != "":
			return d.Device.Problem, true
		default:
			return p.best(t, i, "encode", "h264").Why, true
		}
	}
	return "", false
}

// problem says whether a device has a problem of which text is a part.
func (p probed) problem(text string) bool {
	for _, d := range p.Devices {
		if strings.Contains(d.Device.Problem, text) {
			return true
		}
	}
	return false
}
