package config

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const packaged = "../configs/ladderd.toml"

// The packaged file may listen on all addresses; in everything else it is the
// default.
func TestPackagedFileIsTheDefault(t *testing.T) {
	got, err := Load(packaged)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Ingest.RTMP.Listen, want.Playback.Listen = ":1935", ":8080"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-default +packaged:\n%s", diff)
	}
}

// setting matches a line with a key or a table, be it off or on.
var setting = regexp.MustCompile(`(?m)^#(\w+ = |\[)`)

func TestPackagedFileLoadsWithAllKeysOn(t *testing.T) {
	c, err := parse(packaged, allOn(t))
	if err != nil {
		t.Fatal(err)
	}
	if warnings := c.Warnings(); len(c.Channels) != 1 || len(warnings) > 0 {
		t.Errorf("channels %v, warnings %q", c.Channels, warnings)
	}
}

func TestPackagedFileNamesEveryKey(t *testing.T) {
	lines := indexLines(allOn(t))
	explained := map[string]bool{}
	for path := range lines {
		explained[shownKey(path)] = true // in any element of an array
	}
	for _, path := range pathsOf("", new(Config).schema()) {
		if !explained[shownKey(path)] {
			t.Errorf("%s does not explain %s", packaged, path)
		}
	}
}

func allOn(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(packaged)
	if err != nil {
		t.Fatal(err)
	}
	return setting.ReplaceAllString(string(text), "$1")
}

// pathsOf lists all keys of a schema; of an array, those of its first element.
func pathsOf(table string, s schema) []string {
	var paths []string
	for _, k := range s.keys {
		paths = append(paths, join(table, k.name))
	}
	for _, t := range s.tables {
		paths = append(paths, pathsOf(join(table, t.name), t.schema)...)
	}
	for _, a := range s.arrays {
		a.each(func(s schema) { paths = append(paths, pathsOf(element(join(table, a.name), 0), s)...) })
	}
	return paths
}
