package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// decoder reads a file's tables along a schema and collects what is wrong.
type decoder struct {
	file   string
	lines  lineIndex
	errors Errors
}

func (d *decoder) fail(path, value, problem string) {
	d.errors = append(d.errors, &Error{
		File: d.file, Line: d.lines.line(path), Key: shownKey(path), Value: value, Problem: problem,
	})
}

var elements = regexp.MustCompile(`\[[0-9]+\]`)

// shownKey is the path as one would write it in the file, where the line says which
// element of an array is meant.
func shownKey(path string) string { return elements.ReplaceAllString(path, "") }

// table reads one table. Those of its keys that are not in the schema are errors.
func (d *decoder) table(path string, values map[string]any, s schema) {
	if s.open != nil {
		s.open()
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		d.entry(join(path, name), name, values[name], s)
	}
	for _, k := range s.keys {
		if _, ok := values[k.name]; k.required && !ok {
			d.fail(join(path, k.name), "", "is missing, and has no default")
		}
	}
}

func (d *decoder) entry(path, name string, value any, s schema) {
	for _, k := range s.keys {
		if k.name == name {
			d.key(path, value, k)
			return
		}
	}
	for _, t := range s.tables {
		if t.name == name {
			d.subtable(path, value, t.schema)
			return
		}
	}
	for _, a := range s.arrays {
		if a.name == name {
			d.array(path, value, a)
			return
		}
	}
	d.fail(path, "", "unknown; allowed here: "+s.names())
}

func (d *decoder) key(path string, value any, k key) {
	err := k.set(value)
	if err == nil {
		return
	}
	shown := ""
	if !k.secret {
		shown = show(value)
	}
	d.fail(path, shown, err.Error())
}

func (d *decoder) subtable(path string, value any, s schema) {
	values, ok := value.(map[string]any)
	if !ok {
		d.fail(path, "", fmt.Sprintf("must be a table; allowed: [%s]", path))
		return
	}
	d.table(path, values, s)
}

func (d *decoder) array(path string, value any, a subarray) {
	tables, ok := tablesOf(value)
	if !ok {
		d.fail(path, "", fmt.Sprintf("must be an array of tables; allowed: [[%s]] before each", path))
		return
	}
	for i, values := range tables {
		a.each(func(s schema) { d.table(element(path, i), values, s) })
	}
}

// tablesOf takes an array of tables, which the library gives as one type where the
// file has [[headers]] and as another where it has [{inline = "tables"}].
func tablesOf(value any) ([]map[string]any, bool) {
	list, inline := value.([]any)
	if !inline {
		tables, ok := value.([]map[string]any)
		return tables, ok
	}
	var tables []map[string]any
	for _, v := range list {
		table, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		tables = append(tables, table)
	}
	return tables, true
}

// names lists what a table may hold.
func (s schema) names() string {
	var names []string
	for _, k := range s.keys {
		names = append(names, k.name)
	}
	for _, t := range s.tables {
		names = append(names, "["+t.name+"]")
	}
	for _, a := range s.arrays {
		names = append(names, "[["+a.name+"]]")
	}
	return strings.Join(names, ", ")
}

// passwords are those before the host of a URL, where no value should have one.
var passwords = regexp.MustCompile(`(://[^/@:]*:)[^/]*@`)

// show is a value as it would stand in the file, kept short, without passwords.
func show(value any) string {
	switch v := value.(type) {
	case string:
		const most = 60
		v = passwords.ReplaceAllString(v, "${1}…@")
		if r := []rune(v); len(r) > most {
			v = string(r[:most]) + "…"
		}
		return strconv.Quote(v)
	case int64, float64, bool:
		return fmt.Sprint(v)
	case []any:
		return "[…]"
	case map[string]any, []map[string]any:
		return "{…}"
	}
	return "…"
}
