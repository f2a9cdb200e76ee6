package m3u8

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// attributes is an attribute list (rfc8216bis, 4.2) of one tag. What it cannot read
// becomes a problem of the playlist, and a zero value.
type attributes struct {
	header *Header
	line   int
	tag    string
	values []attribute
}

type attribute struct {
	name   string
	text   string // without quotes, its variables replaced
	quoted bool
}

// Attributes are all those of a tag, by name, those that this package knows nothing
// of as well.
type Attributes map[string]Attribute

// Attribute is a value as it stands there, without quotes, its variables replaced.
type Attribute struct {
	Text   string
	Quoted bool
}

// Tagged is a tag of which only the attributes matter here.
type Tagged struct {
	Line       int
	Attributes Attributes
}

// attributes splits a list. It is valid until the next one is split.
func (h *Header) attributes(line int, tag, text string) (a attributes) {
	a = attributes{h, line, tag, h.scratch[:0]}
	defer func() { h.scratch = a.values }()
	for text != "" {
		name, rest, ok := strings.Cut(text, "=")
		if !ok || !attributeName(name) {
			h.problem(line, "%s: %q is no attribute", tag, text)
			return a
		}
		value := attribute{name: name, quoted: strings.HasPrefix(rest, `"`)}
		if value.quoted {
			value.text, text, ok = strings.Cut(rest[1:], `"`)
			if !ok {
				h.problem(line, "%s: the quote of %s is not closed", tag, name)
			}
			if text != "" && !strings.HasPrefix(text, ",") {
				h.problem(line, "%s: %q follows the value of %s", tag, text, name)
				return a
			}
			text = strings.TrimPrefix(text, ",")
			value.text = h.substitute(line, value.text)
			if value.text == "" && !mayBeEmpty[name] {
				h.problem(line, "%s: %s is empty", tag, name)
			}
		} else {
			value.text, text, _ = strings.Cut(rest, ",")
			if strings.HasPrefix(value.text, "{$") {
				value.text = h.substitute(line, value.text) // a hexadecimal-sequence
			}
		}
		if a.has(name) {
			h.problem(line, "%s: %s is there twice", tag, name)
		}
		if a.values = append(a.values, value); len(a.values) > maxAttributes {
			h.problem(line, "%s has more than %d attributes", tag, maxAttributes)
			return a
		}
	}
	return a
}

// mayBeEmpty are the quoted strings that may be: VALUE of EXT-X-DEFINE (4.4.2.3),
// and what EXT-X-SKIP tells of date ranges (4.4.5.2).
var mayBeEmpty = map[string]bool{"VALUE": true, "RECENTLY-REMOVED-DATERANGES": true}

// attributeName says whether name has only A–Z, 0–9 and the hyphen.
func attributeName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return name != ""
}

// maxAttributes is more than any tag has; each look-up goes through all of them.
const maxAttributes = 100

func (a attributes) get(name string) (attribute, bool) {
	for _, v := range a.values {
		if v.name == name {
			return v, true
		}
	}
	return attribute{}, false
}

// all is a copy that stays.
func (a attributes) all() Attributes {
	all := Attributes{}
	for _, v := range a.values {
		if _, twice := all[v.name]; !twice {
			all[v.name] = Attribute{v.text, v.quoted}
		}
	}
	return all
}

func (a attributes) has(name string) bool { _, ok := a.get(name); return ok }

func (a attributes) bad(name, want string) {
	v, _ := a.get(name)
	a.header.problem(a.line, "%s: %s is %q, not %s", a.tag, name, v.text, want)
}

func (a attributes) required(names ...string) {
	for _, name := range names {
		if !a.has(name) {
			a.header.problem(a.line, "%s has no %s", a.tag, name)
		}
	}
}

// quoted is a quoted-string; empty where it is absent.
func (a attributes) quoted(name string) string {
	v, ok := a.get(name)
	if ok && !v.quoted {
		a.bad(name, "a quoted string")
	}
	return v.text
}

// enumerated is an enumerated-string; empty where it is absent. Where allowed has
// values, others are a problem.
func (a attributes) enumerated(name string, allowed ...string) string {
	v, ok := a.get(name)
	if !ok {
		return ""
	}
	if v.quoted || v.text == "" || strings.ContainsAny(v.text, " \t") {
		a.bad(name, "an enumerated string")
	}
	for _, s := range allowed {
		if s == v.text {
			return v.text
		}
	}
	if len(allowed) > 0 {
		a.bad(name, strings.Join(allowed, " or "))
	}
	return v.text
}

func (a attributes) yes(name string) bool { return a.enumerated(name, "YES", "NO") == "YES" }

// integer is a decimal-integer; absent where there is none.
func (a attributes) integer(name string, absent int64) int64 {
	v, ok := a.get(name)
	if !ok {
		return absent
	}
	n, ok := decimalInteger(v.text)
	if !ok || v.quoted {
		a.bad(name, "a decimal integer")
		return absent
	}
	return n
}

// decimal is a decimal-floating-point, 0 where it is absent.
func (a attributes) decimal(name string) float64 {
	v, ok := a.get(name)
	if !ok {
		return 0
	}
	f, ok := decimalFraction(v.text)
	if !ok || v.quoted {
		a.bad(name, "a decimal number without a sign")
	}
	return f
}

func (a attributes) signed(name string) float64 {
	v, ok := a.get(name)
	if !ok {
		return 0
	}
	f, ok := decimalFraction(strings.TrimPrefix(v.text, "-"))
	if !ok || v.quoted {
		a.bad(name, "a decimal number")
	}
	if strings.HasPrefix(v.text, "-") {
		return -f
	}
	return f
}

// duration is a decimal-floating-point in seconds, 0 where it is absent.
func (a attributes) duration(name string) time.Duration { return seconds(a.decimal(name)) }

func (a attributes) date(name string) time.Time {
	text := a.quoted(name)
	if text == "" {
		return time.Time{}
	}
	t, _, ok := dateTime(text)
	if !ok {
		a.bad(name, "a date and time")
	}
	return t
}

// resolution is a decimal-resolution, zeros where it is absent.
func (a attributes) resolution(name string) (width, height int) {
	v, ok := a.get(name)
	if !ok {
		return 0, 0
	}
	left, right, _ := strings.Cut(v.text, "x")
	w, ok1 := decimalInteger(left)
	h, ok2 := decimalInteger(right)
	if !ok1 || !ok2 || v.quoted || max(w, h) > 1<<20 {
		a.bad(name, "a resolution such as 1280x720")
		return 0, 0
	}
	return int(w), int(h)
}

// byteRange reads length[@offset]; an offset of −1 is one that is not told.
func (h *Header) byteRange(line int, tag, text string) *ByteRange {
	left, right, told := strings.Cut(text, "@")
	length, ok := decimalInteger(left)
	offset := int64(-1)
	if told && ok {
		offset, ok = decimalInteger(right)
	}
	if !ok || length > math.MaxInt64/2 || offset > math.MaxInt64/2 {
		h.problem(line, "%s: %q is no byte range", tag, text)
		return nil
	}
	return &ByteRange{Length: length, Offset: offset}
}

func (h *Header) integer(line int, tag, text string) int64 {
	n, ok := decimalInteger(text)
	if !ok {
		h.problem(line, "%s: %q is no decimal integer", tag, text)
	}
	return n
}

// decimalInteger reads digits only, up to 20 of them; strconv.ParseInt would take a
// sign. What is above 2⁶³−1 becomes that. Blanks around it are read over and wrong.
func decimalInteger(text string) (int64, bool) {
	trimmed := strings.TrimSpace(text)
	n, err := strconv.ParseUint(trimmed, 10, 64)
	return int64(min(n, math.MaxInt64)), err == nil && len(text) <= 20 && trimmed == text
}

// decimalFraction reads digits with no more than one point: none of what
// strconv takes besides, an exponent, a sign, Inf.
func decimalFraction(text string) (float64, bool) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || strings.Trim(trimmed, "0123456789.") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(trimmed, 64)
	return f, err == nil && f < 1e9 && trimmed == text
}

func seconds(s float64) time.Duration {
	return time.Duration(math.Round(min(s, 1e9) * float64(time.Second)))
}

// dateLayouts are the forms of ISO 8601 that servers write; the last one lacks the
// zone that dates should have (rfc8216bis, 4.4.4.6).
var dateLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"}

func dateTime(text string) (t time.Time, zoned, ok bool) {
	for i, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, i < len(dateLayouts)-1, true
		}
	}
	return time.Time{}, false, false
}
