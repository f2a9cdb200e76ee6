package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
)

// lineIndex tells on which line of a file each table and key begins. The TOML
// library keeps positions by name only, so all [[channel]] tables would share one.
type lineIndex map[string]int

// line finds the path, or the closest table around it that the file has.
func (x lineIndex) line(path string) int {
	for path != "" {
		if line, ok := x[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 1
}

// names says whether the file has that very path.
func (x lineIndex) names(path string) bool {
	_, ok := x[path]
	return ok
}

// mark keeps the first place at which a path is named.
func (x lineIndex) mark(path string, line int) {
	if _, ok := x[path]; !ok {
		x[path] = line
	}
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// join is the path of a key in a table; the root's path is empty.
func join(table, key string) string {
	if !bareKey.MatchString(key) {
		key = fmt.Sprintf("%q", key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// element is the path of the nth element of an array.
func element(array string, n int) string { return fmt.Sprintf("%s[%d]", array, n) }

// indexLines reads text that has been found to be TOML.
func indexLines(text string) lineIndex {
	s := lineScanner{rest: strings.TrimPrefix(text, "\ufeff"), line: 1, index: lineIndex{}, arrays: map[string]int{}}
	table := ""
	for s.space(); s.rest != ""; s.space() {
		if s.at("[") {
			table = s.header()
		} else {
			s.pair(table)
		}
	}
	return s.index
}

// lineScanner walks over TOML without understanding more of it than where keys and
// values begin and end.
type lineScanner struct {
	rest   string
	line   int
	index  lineIndex
	arrays map[string]int // elements so far of each array of tables
}

func (s *lineScanner) at(prefix string) bool { return strings.HasPrefix(s.rest, prefix) }

// skip moves past n bytes.
func (s *lineScanner) skip(n int) string {
	n = min(n, len(s.rest))
	gone := s.rest[:n]
	s.line += strings.Count(gone, "\n")
	s.rest = s.rest[n:]
	return gone
}

// until moves to the first of the characters, or to the end.
func (s *lineScanner) until(chars string) string {
	n := strings.IndexAny(s.rest, chars)
	if n < 0 {
		n = len(s.rest)
	}
	return s.skip(n)
}

// space moves past blanks, line ends and comments.
func (s *lineScanner) space() {
	for {
		s.skip(len(s.rest) - len(strings.TrimLeft(s.rest, " \t\r\n")))
		if !s.at("#") {
			return
		}
		s.until("\n")
	}
}

// header reads [a.b] or [[a.b]] and gives the path of the table that it opens.
func (s *lineScanner) header() string {
	line, array := s.line, s.at("[[")
	s.skip(1)
	if array {
		s.skip(1)
	}
	path, parts := "", s.key("]")
	for i, part := range parts {
		path = join(path, part)
		s.index.mark(path, line)
		if array && i == len(parts)-1 {
			s.arrays[path]++
		}
		if n := s.arrays[path]; n > 0 {
			path = element(path, n-1)
			s.index.mark(path, line)
		}
	}
	s.until("\n#")
	return path
}

// pair reads key = value in a table.
func (s *lineScanner) pair(table string) {
	line, path := s.line, table
	for _, part := range s.key("=") {
		path = join(path, part)
		s.index.mark(path, line)
	}
	s.skip(1)
	s.value(path)
}

// key reads the parts of a dotted key, up to the character that ends it.
func (s *lineScanner) key(end string) []string {
	var parts []string
	for s.space(); s.rest != "" && !s.at(end); s.space() {
		switch {
		case s.at("."):
			s.skip(1)
		case s.at(`"`), s.at(`'`):
			parts = append(parts, unquote(s.text()))
		default:
			parts = append(parts, s.until(" \t.\r\n"+end))
		}
	}
	return parts
}

// unquote lets the library read a key in quotes.
func unquote(quoted string) string {
	var v struct{ Key string }
	if _, err := toml.Decode("Key = "+quoted, &v); err != nil {
		return quoted
	}
	return v.Key
}

// value moves past what stands behind the equals sign.
func (s *lineScanner) value(path string) {
	s.space()
	switch {
	case s.at(`"`), s.at(`'`):
		s.text()
	case s.at("{"):
		s.skip(1)
		s.list("}", func(int) { s.pair(path) })
	case s.at("["):
		s.skip(1)
		s.list("]", func(n int) {
			s.index.mark(element(path, n), s.line)
			s.value(element(path, n))
		})
	default:
		s.until(",]}\n#")
	}
}

// list reads comma-separated things up to the end.
func (s *lineScanner) list(end string, read func(n int)) {
	n := 0
	for s.space(); s.rest != "" && !s.at(end); s.space() {
		if s.at(",") {
			s.skip(1)
			continue
		}
		read(n)
		n++
	}
	s.skip(1)
}

// text moves past a string of any of TOML's four kinds and gives it as it stands.
func (s *lineScanner) text() string {
	quote := s.rest[:1]
	if long := strings.Repeat(quote, 3); s.at(long) {
		quote = long
	}
	n := len(quote)
	for n < len(s.rest) && !strings.HasPrefix(s.rest[n:], quote) {
		if s.rest[n] == '\\' && quote[0] == '"' {
			n++
		}
		n++
	}
	n += len(quote)
	// Up to two more quotes belong to a long string that ends in them.
	for len(quote) == 3 && n < len(s.rest) && s.rest[n] == quote[0] {
		n++
	}
	return s.skip(n)
}
