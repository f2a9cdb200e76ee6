package exposition

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const configs = "../configs"

// names in expressions; what rules record has colons in it.
var metricName = regexp.MustCompile(`\b([a-z]+:)?ladderd_[a-z0-9_]+(:[a-z0-9_]+)?`)

var recorded = regexp.MustCompile(`(?m)^ +- record: (\S+)`)

func readConfig(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(configs, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each metric that rules, their tests and the dashboard name is one that there is.
func TestConfigsNameWhatThereIs(t *testing.T) {
	rules := readConfig(t, "prometheus/ladderd.rules.yml")
	known := Names()
	for _, m := range recorded.FindAllStringSubmatch(rules, -1) {
		known = append(known, m[1])
	}
	for _, file := range []string{"prometheus/ladderd.rules.yml", "prometheus/ladderd.test.yml", "grafana/ladderd.json"} {
		found := metricName.FindAllString(readConfig(t, file), -1)
		if len(found) < 10 {
			t.Errorf("%s names %d metrics", file, len(found))
		}
		for _, name := range found {
			if !slices.Contains(known, name) {
				t.Errorf("%s names %s, which there is not", file, name)
			}
		}
	}
}

func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("promtool", args...)
	c.Dir = dir
	if said, err := c.CombinedOutput(); err != nil {
		t.Errorf("promtool %s (of Debian's prometheus): %v\n%s", strings.Join(args, " "), err, said)
	}
}

func TestRulesDoWhatTheirTestsSay(t *testing.T) {
	dir := filepath.Join(configs, "prometheus")
	promtool(t, dir, "check", "rules", "--lint=all", "--lint-fatal", "ladderd.rules.yml")
	promtool(t, dir, "test", "rules", "ladderd.test.yml")
}

// panel is what is looked at of a dashboard's.
type panel struct {
	ID      int                      `json:"id"`
	Type    string                   `json:"type"`
	Title   string                   `json:"title"`
	Grid    struct{ X, Y, W, H int } `json:"gridPos"`
	Targets []struct {
		Expr, RefID string
	} `json:"targets"`
	Panels []panel `json:"panels"`
}

// The dashboard's panels have a place of their own, and expressions that Prometheus takes.
func TestDashboardIsOfUse(t *testing.T) {
	var board struct{ Panels []panel }
	if err := json.Unmarshal([]byte(readConfig(t, "grafana/ladderd.json")), &board); err != nil {
		t.Fatal(err)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	var rules strings.Builder
	rules.WriteString("groups: [{name: dashboard, rules: [\n")
	for _, p := range board.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" {
			t.Errorf("panel %q has the id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.Grid.X; x < p.Grid.X+p.Grid.W; x++ {
			for y := p.Grid.Y; y < p.Grid.Y+p.Grid.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q stands on %q, or beside the board", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			// What Grafana puts in their place.
			expr := strings.NewReplacer("$__rate_interval", "1m", "$instance", "a", "$channel", "c").Replace(target.Expr)
			text, _ := json.Marshal(expr)
			rules.WriteString(`{record: "a", expr: ` + string(text) + `},` + "\n")
		}
	}
	rules.WriteString("]}]\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "board.yml"), []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, "check", "rules", "--lint=none", "board.yml")
}
