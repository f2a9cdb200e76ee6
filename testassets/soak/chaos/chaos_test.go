package chaos

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ladderd/testassets/daemon"
)

// points are quiet points with so many goroutines each.
func points(goroutines ...int64) (all []Figures) {
	for _, n := range goroutines {
		all = append(all, Figures{RSS: 30 << 20, Goroutines: n, Files: 15, Threads: 18})
	}
	return all
}

func TestGrowthIsToldFromNoise(t *testing.T) {
	for name, c := range map[string]struct {
		goroutines []int64
		wrong      string
	}{
		"flat":                    {[]int64{15, 16, 15, 15, 15, 16, 16, 15, 15}, ""},
		"one point is high":       {[]int64{15, 16, 15, 15, 15, 16, 16, 90, 15}, ""},
		"only the first is low":   {[]int64{3, 15, 15, 15, 15, 15, 15, 15, 15}, ""},
		"one more each time":      {[]int64{15, 16, 17, 18, 19, 20, 21, 22, 23}, "it has grown: goroutines "},
		"two points":              {[]int64{15, 40}, "it has grown: goroutines "},
		"it was higher meanwhile": {[]int64{15, 15, 15, 99, 99, 99, 16, 16, 16}, ""},
		"less than before":        {[]int64{40, 40, 40, 15, 15, 15, 15, 15, 15}, ""},
	} {
		r := Report{Quiet: points(c.goroutines...), Allowed: Growth{Goroutines: 2}}
		wrong := r.Wrong()
		if c.wrong == "" && len(wrong) > 0 || c.wrong != "" && (len(wrong) != 1 || !strings.HasPrefix(wrong[0], c.wrong)) {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

// What should have gone is a fault at any quiet point.
func TestLeftoversAreFaults(t *testing.T) {
	f := Figures{RSS: 1, Goroutines: 1, Threads: 1, Files: 1}
	if !f.idle() {
		t.Error(f.Left())
	}
	f.Sessions, f.Zombies = 3, 1
	want := []string{"at a quiet point there are 1 zombies", "at a quiet point there are 3 encoder sessions"}
	if got := f.Left(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestMiddleIsOfEachFigure(t *testing.T) {
	got := middle([]Figures{{RSS: 3, Files: 1}, {RSS: 1, Files: 9}, {RSS: 2, Files: 2}})
	if got != (Figures{RSS: 2, Files: 2}) {
		t.Errorf("%+v", got)
	}
}

func TestChannelsFitIntoTheMachine(t *testing.T) {
	for tenths, want := range map[int]string{
		0:  "ADVANCED_SD BASIC",
		12: "ADVANCED_SD BASIC BASIC BASIC",
		24: "ADVANCED_SD BASIC STANDARD ADVANCED_HD BASIC BASIC",
		40: "ADVANCED_SD BASIC STANDARD ADVANCED_HD ADVANCED_SD BASIC STANDARD ADVANCED_HD",
	} {
		if got := typesOf(channels(tenths)); got != want {
			t.Errorf("%d tenths of a core: %s", tenths, got)
		}
	}
}

func typesOf(list []daemon.Channel) string {
	var types []string
	for _, c := range list {
		types = append(types, string(c.Type))
	}
	return strings.Join(types, " ")
}

// The same seed picks the same events, and all of them come.
func TestEventsAreBySeed(t *testing.T) {
	a, b := rand.New(rand.NewPCG(7, 0)), rand.New(rand.NewPCG(7, 0))
	seen := map[string]bool{}
	for range 500 {
		e := pick(a)
		if other := pick(b); other.name != e.name {
			t.Fatalf("%s and %s", e.name, other.name)
		}
		seen[e.name] = true
	}
	if len(seen) != len(events) {
		t.Errorf("of %d events came %v", len(events), seen)
	}
}
