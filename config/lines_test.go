package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

func TestIndexLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       lineIndex
	}{
		{"keys", "a = 1 # [no.table]\n\nb.c = \"x # y\\\"\" # z\n'd.e' = 'f'\n\"\\u0067\"=2",
			lineIndex{"a": 1, "b": 3, "b.c": 3, `"d.e"`: 4, "g": 5}},
		{"tables", "[a]\nb = 1\n[a.c]\n[ d . 'e' ] # f\ng = 1",
			lineIndex{"a": 1, "a.b": 2, "a.c": 3, "d": 4, "d.e": 4, "d.e.g": 5}},
		{"arrays of tables", "[[a]]\nb = 1\n[a.c]\nd = 1\n[[a]]\nb = 2\n[[a.e]]\n[[a.e]]\nf = 1",
			lineIndex{"a": 1, "a[0]": 1, "a[0].b": 2, "a[0].c": 3, "a[0].c.d": 4,
				"a[1]": 5, "a[1].b": 6, "a[1].e": 7, "a[1].e[0]": 7, "a[1].e[1]": 8, "a[1].e[1].f": 9}},
		{"arrays and inline tables", "a = [\n 1, # b = 1\n [2, 3],\n { c = 4, d.e = [] },\n]\nf = {}",
			lineIndex{"a": 1, "a[0]": 2, "a[1]": 3, "a[1][0]": 3, "a[1][1]": 3, "a[2]": 4, "a[2].c": 4, "a[2].d": 4, "a[2].d.e": 4, "f": 6}},
		{"long strings", "a = \"\"\"\nb = 1\n\\\"\"\" \" \"\"\"\"\"\nc = '''\nd = 1''''\ne = \"\"\nf = ''",
			lineIndex{"a": 1, "c": 4, "e": 6, "f": 7}},
		{"dates", "a = 2026-01-01 10:00:00 # b\nc = 1", lineIndex{"a": 1, "c": 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var any map[string]any
			if _, err := toml.Decode(c.text, &any); err != nil {
				t.Fatalf("the test's text is not TOML: %v", err)
			}
			if diff := cmp.Diff(c.want, indexLines(c.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// FuzzIndexLines wants a line for every key that the library finds.
func FuzzIndexLines(f *testing.F) {
	for _, dir := range []string{"good", "bad"} {
		files, _ := filepath.Glob(filepath.Join("testdata", dir, "*.toml"))
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		var tables map[string]any
		if _, err := toml.Decode(text, &tables); err != nil {
			return
		}
		checkIndexed(t, indexLines(text), "", tables)
	})
}

func checkIndexed(t *testing.T, lines lineIndex, path string, value any) {
	if _, ok := lines[path]; !ok && path != "" {
		t.Errorf("%s has no line", path)
	}
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			checkIndexed(t, lines, join(path, name), inner)
		}
	case []map[string]any:
		for i, inner := range v {
			checkIndexed(t, lines, element(path, i), inner)
		}
	case []any:
		for i, inner := range v {
			checkIndexed(t, lines, element(path, i), inner)
		}
	}
}
