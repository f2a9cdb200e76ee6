// Package grafana holds the dashboard to Grafana's schema.
package grafana

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func check(t *testing.T, file string) (string, error) {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), "node", "check.mjs", file).CombinedOutput()
	return string(said), err
}

// Grafana is none of Debian's packages, so its package of types stands in for it.
func TestDashboardIsAsGrafanasSchemaHasIt(t *testing.T) {
	const dashboard = "../../configs/grafana/ladderd.json"
	if said, err := check(t, dashboard); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a field that there is not": {`"gridPos"`, `"gridPosition"`},
		"a value of another kind":   {`"w": 4`, `"w": "4"`},
		"an option that is unknown": {`"colorMode": "value"`, `"colorMode": "loud"`},
		"a type that is unknown":    {`"type": "stat"`, `"type": "statistic"`},
	} {
		broken := strings.Replace(string(text), change[0], change[1], 1)
		file := filepath.Join(t.TempDir(), "broken.json")
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := check(t, file); err == nil || broken == string(text) {
			t.Errorf("%s is taken: %s", name, said)
		}
	}
}
