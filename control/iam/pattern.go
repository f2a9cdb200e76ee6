package iam

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// piece is one step of a pattern: a character, a wildcard, or a variable.
type piece struct {
	kind     kind
	char     rune
	variable string // condition key, in lower case
	fallback *string
}

type kind int

const (
	char    kind = iota
	one          // ?, no colon
	any1         // ?
	many         // *, no colons
	through      // *
	variable
)

// pattern is a text with wildcards and variables.
type pattern []piece

// parsePattern reads a text. Wildcards are characters like others where wild is false.
// Variables are of version 2012-10-17; without it they would be taken literally by IAM, which
// nobody means.
func parsePattern(text string, wild, variables bool) (pattern, error) {
	var p pattern
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		rest := text[size:]
		switch {
		case strings.HasPrefix(text, "${"):
			inner, after, ok := strings.Cut(text[2:], "}")
			if !ok {
				return nil, fmt.Errorf("a ${ without its }")
			}
			if !variables {
				return nil, fmt.Errorf("${%s} needs \"Version\": \"2012-10-17\"", inner)
			}
			v, err := parseVariable(inner)
			if err != nil {
				return nil, err
			}
			p, rest = append(p, v), after
		case wild && r == '*':
			p = append(p, piece{kind: many})
		case wild && r == '?':
			p = append(p, piece{kind: one})
		default:
			p = append(p, piece{kind: char, char: r})
		}
		text = rest
	}
	return p, nil
}

// parseVariable reads what is between ${ and }: a special character, a condition key, or a
// key with what it is where requests do not have it: aws:username, 'nobody'.
func parseVariable(inner string) (piece, error) {
	if inner == "*" || inner == "?" || inner == "$" {
		return piece{kind: char, char: rune(inner[0])}, nil
	}
	key, fallback, has := strings.Cut(inner, ",")
	v := piece{kind: variable, variable: strings.ToLower(strings.TrimSpace(key))}
	if err := checkKey(v.variable); err != nil {
		return v, fmt.Errorf("${%s}: %w", inner, err)
	}
	if has {
		fallback = strings.TrimSpace(fallback)
		if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
			return v, fmt.Errorf("${%s}: the default is not in single quotes", inner)
		}
		fallback = fallback[1 : len(fallback)-1]
		v.fallback = &fallback
	}
	return v, nil
}

// resource has a * at the end of an ARN's part go beyond the colon, as IAM does in Resource
// ("Using wildcards in resource ARNs"). Other wildcards stay within their part.
func (p pattern) resource() pattern {
	p = slices.Clone(p)
	for i := range p {
		if p[i].kind == many && (i == len(p)-1 || p[i+1] == piece{kind: char, char: ':'}) {
			p[i].kind = through
		}
	}
	return p
}

// anything has wildcards match colons like other characters, as in texts that are no ARNs.
func (p pattern) anything() pattern {
	p = slices.Clone(p)
	for i := range p {
		switch p[i].kind {
		case many:
			p[i].kind = through
		case one:
			p[i].kind = any1
		}
	}
	return p
}

// resolve puts a request's values in the variables' places. It fails where the request has
// none or more than one: nothing is like that.
func (p pattern) resolve(context map[string][]string) (pattern, bool) {
	if !slices.ContainsFunc(p, func(s piece) bool { return s.kind == variable }) {
		return p, true
	}
	var resolved pattern
	for _, s := range p {
		if s.kind != variable {
			resolved = append(resolved, s)
			continue
		}
		value := ""
		switch values := context[s.variable]; {
		case len(values) == 1:
			value = values[0]
		case len(values) == 0 && s.fallback != nil:
			value = *s.fallback
		default:
			return nil, false
		}
		for _, r := range value {
			resolved = append(resolved, piece{kind: char, char: r})
		}
	}
	return resolved, true
}

// matches compares a resolved pattern with a text, in as many steps as both lengths
// multiplied at most, whatever wildcards are there.
func (p pattern) matches(text string, same func(a, b rune) bool) bool {
	runes := []rune(text)
	reached, next := make([]bool, len(runes)+1), make([]bool, len(runes)+1)
	reached[0] = true // the pattern so far is like the text up to there
	for _, s := range p {
		for at := range next {
			switch {
			case s.kind == many || s.kind == through:
				next[at] = reached[at] || at > 0 && next[at-1] && (s.kind == through || runes[at-1] != ':')
			case at == 0 || !reached[at-1]:
				next[at] = false
			case s.kind == one || s.kind == any1:
				next[at] = s.kind == any1 || runes[at-1] != ':'
			default:
				next[at] = same(s.char, runes[at-1])
			}
		}
		if !slices.Contains(next, true) {
			return false
		}
		reached, next = next, reached
	}
	return reached[len(runes)]
}

// arnParts is how many parts an ARN has: arn, partition, service, region, account, and the
// resource, which may have colons.
const arnParts = 6

// matchesARN compares each part by itself, as the ARN condition operators do.
func (p pattern) matchesARN(text string) bool {
	texts := strings.SplitN(text, ":", arnParts)
	for i, part := range texts {
		end := slices.Index(p, piece{kind: char, char: ':'})
		if last := i == arnParts-1; last || end < 0 {
			return i == len(texts)-1 && p.anything().matches(part, exactly)
		}
		if !p[:end].anything().matches(part, exactly) {
			return false
		}
		p = p[end+1:]
	}
	return false
}

func exactly(a, b rune) bool { return a == b }

func ignoringCase(a, b rune) bool { return strings.EqualFold(string(a), string(b)) }
