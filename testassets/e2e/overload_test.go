package e2e

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/overload"
	"ladderd/testassets/publish"
)

// tooMany is what many channels are sent at once.
var tooMany = publish.Clip{Name: "too-many", Width: 1280, Height: 720, Rate: "30", Seconds: 8, Bitrate: 1_500_000, GOP: 2}

// soon is what a refusal may take. It takes a quarter of that, also beside two programs that
// take two cores whole.
const soon = time.Second

// roomForOne is as many pixels a second as the machine is said to do, of all kinds of work: one
// channel fits whole, and a second one with less.
const roomForOne = 370e6

// TestOverload asks for more channels than are planned with. How late the parts are of
// those that are carried is the machine's affair, and told; make bench-overload measures it. What
// is checked is that who is refused is so at once and in the guide's words, that those who are
// carried do not notice, and that more are where renditions may be shed.
func TestOverload(t *testing.T) {
	t.Parallel()
	file := clip(t, tooMany)
	useCPU(t, 15)
	refusing, shedding := askTooMany(t, file, "refuse"), askTooMany(t, file, "shed")
	if len(shedding.Carried) <= len(refusing.Carried) {
		t.Errorf("%d are carried where renditions may be shed, %d where not", len(shedding.Carried), len(refusing.Carried))
	}
	for _, c := range refusing.Carried {
		if c.Most > 0 {
			t.Errorf("where nothing is to be shed: %+v", c)
		}
	}
	shed := 0
	for _, c := range shedding.Carried {
		shed += c.Most
	}
	if shed == 0 {
		t.Errorf("no rendition was shed: %+v", shedding)
	}
}

// askTooMany asks for six channels.
func askTooMany(t *testing.T, file, full string) *overload.Report {
	t.Helper()
	r, err := overload.Run(t.Context(), overload.Options{
		Kind: ladder.AdvancedSD, Count: 6, Clip: file, WhenFull: full,
		Apart: time.Second / 4, For: 4 * time.Second, CPURate: roomForOne / float64(runtime.GOMAXPROCS(0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", text)
	if len(r.Carried) == 0 || len(r.Refused) == 0 || len(r.Carried)+len(r.Refused) != r.Asked {
		t.Errorf("of %d %d are carried and %d refused", r.Asked, len(r.Carried), len(r.Refused))
	}
	for _, c := range r.Carried {
		if c.Disturbed != "" || c.Late.Parts == 0 {
			t.Errorf("%s: %+v", full, c)
		}
	}
	for _, refused := range r.Refused {
		if !refused.Event || !refused.Told || refused.After > soon {
			t.Errorf("%s: %+v", full, refused)
		}
	}
	return r
}
