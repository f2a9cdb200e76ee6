package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/density"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
)

// The real bench carries a channel on each of two cards, tells how these did and what was
// proven of them, and compares with its own report. That a double is fast or slow says nothing.
func TestBenchOnCards(t *testing.T) {
	t.Parallel()
	useCPU(t, encoding)
	rig := doubles.New(t, doubles.Box{Cards: []doubles.Card{{Power: 41, Load: 7}, {Power: 41, Load: 7}}})
	dir := t.TempDir()
	config, old := filepath.Join(dir, "ladderd.toml"), filepath.Join(dir, "old.json")
	if err := os.WriteFile(config, []byte("[server]\ndata_dir = \""+dir+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, _ := runBench(t, rig.Env(), "--config", config, "--most", "2")
	t.Logf("%s", text)
	var r density.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if len(r.Backends) != 2 || !strings.HasPrefix(r.Backends[0], "nvenc on ") || len(r.Machine.GPUs) != 2 || r.Machine.CPU == "" || r.Machine.Cores == 0 {
		t.Errorf("it is of %v on %+v", r.Backends, r.Machine)
	}
	if err := os.WriteFile(old, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, told := runBench(t, rig.Env(), "--config", config, "--most", "1", "--compare", old); !strings.Contains(told, "\nchannels       ") || strings.Contains(told, "differs        the machine") {
		t.Errorf("it compares by\n%s", told)
	}
	checkEncoded(t, rig, 0)
	checkEncoded(t, rig, 1)
	if r.Channels < 2 {
		checkLate(t, r.Steps)
		return // other tests had the machine
	}
	if g := r.Best.GPUs; len(g) != 2 || g[0].PowerWatts == nil || *g[0].PowerWatts != 41 || *g[0].UsePercent != 7 {
		t.Errorf("the cards did %+v", g)
	}
	shares := map[string]bool{}
	for _, s := range r.Shares {
		shares[s.Resource] = shares[s.Resource] || s.Share > 0
	}
	if !shares["encoding"] || !shares["decoding"] || !shares["CPU"] {
		t.Errorf("shares %+v", r.Shares)
	}
}

// checkEncoded wants a card to have encoded pictures for a while.
func checkEncoded(t *testing.T, rig *doubles.Rig, card int) {
	t.Helper()
	closed, err := rig.Recorded(doubles.Closed)
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for _, e := range closed {
		if e.Card == card {
			most = max(most, e.Pictures)
		}
	}
	if most < 30 { // a second's, however late
		t.Errorf("card %d has encoded %d pictures", card, most)
	}
}

// checkLate wants steps that were not real time, for want of nothing but time: all outputs
// came, or it would say that one put out nothing.
func checkLate(t *testing.T, steps []density.Step) {
	t.Helper()
	late := 0
	for _, s := range steps {
		if s.RealTime {
			continue
		}
		late++
		if !strings.Contains(s.Why, "behind") && !strings.HasSuffix(s.Why, "did not settle") {
			t.Errorf("%d channels were not real time: %s", s.Channels, s.Why)
		}
	}
	if late == 0 {
		t.Error("fewer than two channels are real time, and none was seen not to be")
	}
}

// runBench is the report of up to two channels of small pictures, and what was told beside it.
func runBench(t *testing.T, env []string, args ...string) (report []byte, told string) {
	t.Helper()
	bin, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"bench", "--json", "--backend", "nvenc", "--type", "ADVANCED_SD",
		"--input", "360p30", "--duration", "2s", "--from", "2"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	var words bytes.Buffer
	cmd.Stderr = &words
	report, err = cmd.Output()
	if err != nil {
		t.Fatalf("bench: %v\n%s", err, words.String())
	}
	return report, words.String()
}
