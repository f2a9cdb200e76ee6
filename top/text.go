package top

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// width is how many columns of a terminal a text takes: wide characters take two, and
// accents none.
func width(s string) int { return ansi.StringWidth(s) }

// cut is a text in at most n columns; where it was longer its end is "…".
func cut(s string, n int) string { return ansi.Truncate(s, max(n, 0), "…") }

// fit is a text in exactly n columns.
func fit(s string, n int, right bool) string {
	s = cut(s, n)
	room := strings.Repeat(" ", max(n-width(s), 0))
	if right {
		return room + s
	}
	return s + room
}

// clean takes out what a terminal would obey. Publishers say what they like of themselves,
// and what they say comes here.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsGraphic(r) && r != zeroWidthJoiner:
			return '?'
		}
		return r
	}, s)
}

// zeroWidthJoiner makes one emoji of some.
const zeroWidthJoiner = '\u200d'

// wrap is a text in lines of at most n columns.
func wrap(s string, n int) []string {
	return strings.Split(ansi.Wrap(s, max(n, 1), ""), "\n")
}

// ASCII is a frame for a terminal that has no other characters: each takes as many columns
// as before.
func ASCII(s string) string {
	known := strings.NewReplacer("…", "~", "·", "-", "×", "x").Replace(s)
	var b strings.Builder
	for _, r := range known {
		if r <= unicode.MaxASCII {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Repeat("?", width(string(r))))
	}
	return b.String()
}

// age is a span of time in at most six columns.
func age(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	case s < 100*86400:
		return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
	}
	return fmt.Sprintf("%dd", s/86400)
}

// scaled is a number in at most five columns: 999, 45k, 6.12M, 12.3G.
func scaled(n int64) string {
	f, unit := float64(n), ""
	for _, next := range []string{"k", "M", "G", "T"} {
		if f < 999.5 {
			break
		}
		f, unit = f/1000, next
	}
	switch {
	case unit == "" || unit == "k" || f >= 99.95:
		return strconv.FormatFloat(f, 'f', 0, 64) + unit
	case f >= 9.995:
		return strconv.FormatFloat(f, 'f', 1, 64) + unit
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + unit
}

// whole is a number in at most five columns that is exact as far as that goes.
func whole(n int) string {
	if n < 100_000 {
		return strconv.Itoa(n)
	}
	return scaled(int64(n))
}

// short is a number with at most two decimals, and none that are 0.
func short(f float64) string {
	s := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// milliseconds are a delay in at most five columns.
func milliseconds(ms float64) string {
	switch {
	case ms < 9999.5:
		return strconv.FormatFloat(ms, 'f', 0, 64)
	case ms < 999_950:
		return strconv.FormatFloat(ms/1000, 'f', 0, 64) + "s"
	}
	return ">999s"
}

// count is a number with its noun.
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
