package m3u8

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what is read. A window of a day in segments of 2 s, each with its date,
// keeps within them.
const (
	MaxBytes    = 8 << 20
	maxLines    = 1 << 17
	maxProblems = 200
	longestTag  = 64
)

var (
	// ErrNotPlaylist is for bytes that do not begin with #EXTM3U (RFC 8216, 4.3.1.1).
	ErrNotPlaylist = errors.New("no playlist: the first line is not #EXTM3U")
	// ErrOtherKind is for a media playlist where a multivariant one was expected, and
	// the other way round.
	ErrOtherKind = errors.New("a playlist of the other kind")
	// ErrTooLarge is for playlists past the limits.
	ErrTooLarge = errors.New("the playlist is too large")
)

// Problem is what a playlist's grammar does not allow, or a client cannot read.
type Problem struct {
	Line int    // from 1
	Text string // a sentence without a full stop, with the tag's name
}

func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

// Header is what both kinds of playlist have.
type Header struct {
	Version             int // EXT-X-VERSION; 1 where it is absent
	IndependentSegments bool
	Start               *Start // nil where there is none
	Problems            []Problem
	Unknown             []Tag // tags that this package does not know
	// Variables are those that EXT-X-DEFINE has defined, by name; nil where there are none.
	Variables   map[string]string
	Substituted int // line of the first variable reference; 0 where there is none
	QueryParam  int // line of the first EXT-X-DEFINE with QUERYPARAM; 0 where there is none

	lines        map[string]int
	scratch      []attribute // of the tag that is read
	scope        Scope
	multivariant bool
	grown        int // bytes that variables have added
}

// Start is EXT-X-START (4.4.2.2).
type Start struct {
	Line   int
	Offset time.Duration // from the playlist's beginning, or from its end where it is negative
}

// Tag is the name of a tag, without its #, and where it stands.
type Tag struct {
	Name string
	Line int
}

// Line is where a tag stands first, "EXT-X-TARGETDURATION"; 0 where it is absent.
func (h *Header) Line(tag string) int { return h.lines[tag] }

func (h *Header) problem(line int, format string, args ...any) {
	if len(h.Problems) < maxProblems {
		h.Problems = append(h.Problems, Problem{line, fmt.Sprintf(format, args...)})
	}
}

// reader is one kind of playlist while it is read.
type reader interface {
	tag(line int, name, value string) (known bool)
	uri(line int, text string)
}

// IsMultivariant says whether body lists variants rather than segments: whether a tag
// of multivariant playlists comes before one of media playlists.
func IsMultivariant(body []byte) bool {
	for line := range bytes.Lines(body) {
		name, _, _ := strings.Cut(strings.TrimSpace(string(line[:min(len(line), longestTag)])), ":")
		switch name {
		case "#EXT-X-STREAM-INF", "#EXT-X-MEDIA", "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-SESSION-DATA", "#EXT-X-SESSION-KEY":
			return true
		case "#EXTINF", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-PART-INF":
			return false
		}
	}
	return false
}

// scan hands body's tags and URIs to r.
func scan(body []byte, h *Header, r reader) error {
	if len(body) > MaxBytes || bytes.Count(body, []byte("\n")) > maxLines {
		return ErrTooLarge
	}
	h.lines, h.Version = map[string]int{}, 1
	if !utf8.Valid(body) {
		h.problem(1, "the playlist is not UTF-8")
	}
	if bytes.HasPrefix(body, []byte("\ufeff")) {
		h.problem(1, "the playlist begins with a byte order mark")
		body = body[3:]
	}
	number := 0
	for line := range strings.Lines(string(body)) {
		number++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if number == 1 {
			if strings.TrimSpace(line) != "#EXTM3U" {
				return ErrNotPlaylist
			}
			continue
		}
		h.scanLine(number, line, r)
	}
	if number == 0 {
		return ErrNotPlaylist
	}
	return nil
}

func (h *Header) scanLine(number int, line string, r reader) {
	if i := strings.IndexFunc(line, control); i >= 0 && !mayHaveTabs(line) {
		h.problem(number, "there is the control character %q", line[i:i+1])
	}
	switch {
	case strings.TrimSpace(line) == "":
		return
	case !strings.HasPrefix(line, "#"):
		uri := strings.TrimSpace(line)
		if uri != line {
			h.problem(number, "blanks stand around a URI")
		}
		r.uri(number, h.substitute(number, uri))
		return
	case !strings.HasPrefix(line, "#EXT"):
		return // a comment
	}
	name, value, _ := strings.Cut(line[1:], ":")
	if h.lines[name] == 0 {
		h.lines[name] = number
	} else if onceOnly[name] {
		h.problem(number, "%s stands in line %d already", name, h.lines[name])
	}
	if h.tag(number, name, value) || r.tag(number, name, value) {
		return
	}
	if len(h.Unknown) < maxProblems {
		h.Unknown = append(h.Unknown, Tag{name, number})
	}
}

// control says whether playlists may not have c in them (4.1).
func control(c rune) bool { return c < 0x20 || c >= 0x7f && c < 0xa0 }

// mayHaveTabs says whether tabs are all the control characters in a line that may have
// them: EXT-X-SKIP lists what it removed with tabs, and Apple's segmenters write one for
// the title of each EXTINF.
func mayHaveTabs(line string) bool {
	return (strings.HasPrefix(line, "#EXT-X-SKIP:") || strings.HasPrefix(line, "#EXTINF:")) &&
		!strings.ContainsFunc(line, func(c rune) bool { return c != '\t' && control(c) })
}

// onceOnly are the tags of which a playlist has no more than one (rfc8216bis, 4.4.1
// to 4.4.3 and 4.4.5.2).
var onceOnly = map[string]bool{
	"EXTM3U": true, "EXT-X-VERSION": true, "EXT-X-INDEPENDENT-SEGMENTS": true, "EXT-X-START": true,
	"EXT-X-TARGETDURATION": true, "EXT-X-MEDIA-SEQUENCE": true, "EXT-X-DISCONTINUITY-SEQUENCE": true,
	"EXT-X-ENDLIST": true, "EXT-X-PLAYLIST-TYPE": true, "EXT-X-I-FRAMES-ONLY": true,
	"EXT-X-PART-INF": true, "EXT-X-SERVER-CONTROL": true, "EXT-X-SKIP": true, "EXT-X-CONTENT-STEERING": true,
}

// tag reads the tags that both kinds of playlist have (rfc8216bis, 4.4.1 and 4.4.2).
func (h *Header) tag(line int, name, value string) bool {
	switch name {
	case "EXTM3U":
		h.problem(line, "EXTM3U stands again")
	case "EXT-X-VERSION":
		h.Version = int(h.integer(line, name, value))
	case "EXT-X-INDEPENDENT-SEGMENTS":
		h.IndependentSegments = true
	case "EXT-X-START":
		a := h.attributes(line, name, value)
		a.required("TIME-OFFSET")
		h.Start = &Start{Line: line, Offset: seconds(a.signed("TIME-OFFSET"))}
		a.yes("PRECISE")
	case "EXT-X-DEFINE":
		h.define(line, name, value)
	default:
		return false
	}
	return true
}
