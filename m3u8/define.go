package m3u8

import (
	"net/url"
	"strings"
)

// Scope is where a playlist was loaded from: what its variables may refer to
// (rfc8216bis, 4.4.2.3).
type Scope struct {
	// URL is the playlist's, after redirects; QUERYPARAM reads its query.
	URL string
	// Variables are the multivariant playlist's, which IMPORT takes from; nil where a
	// media playlist was loaded without one.
	Variables map[string]string
}

// define reads EXT-X-DEFINE (4.4.2.3).
func (h *Header) define(line int, tag, text string) {
	a := h.attributes(line, tag, text)
	var kind string
	for _, name := range []string{"NAME", "IMPORT", "QUERYPARAM"} {
		if a.has(name) && kind != "" {
			h.problem(line, "%s has both %s and %s", tag, kind, name)
			return
		}
		if a.has(name) {
			kind = name
		}
	}
	if kind == "QUERYPARAM" && h.QueryParam == 0 {
		h.QueryParam = line
	}
	name := a.quoted(kind)
	switch _, twice := h.Variables[name]; {
	case kind == "":
		h.problem(line, "%s has no NAME, IMPORT or QUERYPARAM", tag)
	case !variableName(name):
		h.problem(line, "%s: %q is no name for a variable", tag, name)
	case twice:
		h.problem(line, "%s: %s is defined already", tag, name)
	default:
		if value, ok := h.valueOf(a, kind, name); ok {
			if h.Variables == nil {
				h.Variables = map[string]string{}
			}
			h.Variables[name] = value
		}
	}
}

// valueOf is the value of a variable that is being defined.
func (h *Header) valueOf(a attributes, kind, name string) (value string, ok bool) {
	switch kind {
	case "NAME":
		a.required("VALUE")
		return a.quoted("VALUE"), a.has("VALUE")
	case "IMPORT":
		if h.multivariant {
			h.problem(a.line, "%s with IMPORT stands in a multivariant playlist", a.tag)
			return "", false
		}
		if value, ok = h.scope.Variables[name]; !ok {
			h.problem(a.line, "%s: no multivariant playlist defines %s", a.tag, name)
		}
		return value, ok
	}
	if u, err := url.Parse(h.scope.URL); err == nil {
		value = u.Query().Get(name)
	}
	if value == "" {
		h.problem(a.line, "%s: the playlist's URL has no query parameter %s with a value", a.tag, name)
	} else if strings.ContainsAny(value, "\"\r\n") {
		h.problem(a.line, "%s: the query parameter %s has a quote or a line's end in it", a.tag, name)
		return "", false
	}
	return value, value != ""
}

// variableName says whether name has only letters, digits, hyphens and underscores.
func variableName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return name != ""
}

// substitute replaces the variable references in text (4.3). Those that nothing
// defines stay as they are. A playlist of references to long values grows to
// MaxBytes and no further.
func (h *Header) substitute(line int, text string) string {
	if !strings.Contains(text, "{$") {
		return text
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !variableName(name) {
			out.WriteString("{$")
			text = rest
			continue
		}
		if h.Substituted == 0 {
			h.Substituted = line
		}
		value, ok := h.Variables[name]
		if h.grown += len(value); !ok || h.grown > MaxBytes {
			h.problem(line, "the variable %s is not defined before, or too long", name)
			value = "{$" + name + "}"
		}
		out.WriteString(value)
		text = after
	}
}
