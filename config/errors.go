package config

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

// Error is one thing that is wrong with a configuration file.
type Error struct {
	File  string
	Line  int    // from 1
	Key   string // dotted; empty where the file is no TOML
	Value string // as in the file; empty where it must not be shown or is missing
	// Problem says what is wrong and what is allowed.
	Problem string
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d: ", e.File, e.Line)
	if e.Key != "" {
		text += e.Key
		if e.Value != "" {
			text += " = " + e.Value
		}
		text += ": "
	}
	return text + e.Problem
}

// Errors is all that is wrong with a file, by line.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted gives the errors in the order of the file.
func (d *decoder) sorted() Errors {
	sort.SliceStable(d.errors, func(i, j int) bool { return d.errors[i].Line < d.errors[j].Line })
	return d.errors
}

// readTOML parses the text and keeps the line of a syntax error.
func readTOML(file, text string) (map[string]any, error) {
	var tables map[string]any
	_, err := toml.Decode(text, &tables)
	if err == nil {
		return tables, nil
	}
	var syntax toml.ParseError
	if !errors.As(err, &syntax) {
		return nil, Errors{{File: file, Line: 1, Problem: err.Error()}}
	}
	number := max(1, syntax.Position.Line)
	line := lineOf(text, number)
	problem := &Error{File: file, Line: number, Problem: syntaxProblem(syntax.Message, line)}
	if key := keyOnLine.FindStringSubmatch(line); key != nil {
		problem.Key = key[1]
	}
	return nil, Errors{problem}
}

var (
	// keyOnLine finds the key that a line sets, without its table.
	keyOnLine = regexp.MustCompile(`^([A-Za-z0-9_.-]+)\s*=`)
	// mayHoldSecret matches lines of which nothing is to be cited, with room for
	// misspelt keys.
	mayHoldSecret = regexp.MustCompile(`(?i)key|pass|secret|token`)
	// cited is what a message of the parser cites of the file beyond a character:
	// words without quotes, and the beginnings of strings that may be secrets.
	cited = regexp.MustCompile(`"(\\.|[^"\\]){3,}"`)
)

// syntaxProblem is the parser's message without what may be a secret.
func syntaxProblem(message, line string) string {
	switch {
	case strings.HasPrefix(message, "Key '"): // which is named twice, without its value
	case strings.HasPrefix(message, "expected value but found"):
		message = "the value is neither text in quotes, nor a number, nor true or false"
	case mayHoldSecret.MatchString(line):
		message = `the line cannot be read, and is not shown since it may hold a secret; write key = "value"`
	default:
		message = cited.ReplaceAllString(message, "this")
	}
	return "not TOML: " + message
}

func lineOf(text string, number int) string {
	lines := strings.Split(text, "\n")
	return strings.TrimSpace(lines[min(number, len(lines))-1])
}
