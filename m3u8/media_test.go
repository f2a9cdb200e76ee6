package m3u8

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const live = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002,HOLD-BACK=6,CAN-SKIP-UNTIL=12
#EXT-X-PART-INF:PART-TARGET=0.33400
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-DATERANGE:ID="ad",START-DATE="2026-01-02T03:04:05Z",X-COMMENT="a,b=c"
#EXT-X-MAP:URI="init0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:0.76667,
7.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.767+00:00
#EXT-X-PART:DURATION=0.33333,URI="8.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.10000,URI="8.1.m4s",GAP=YES
#EXTINF:0.43333,a title, with a comma
8.m4s
#EXT-X-GAP
#EXTINF:2,
9.m4s
# a comment
#EXT-X-PART:DURATION=0.33333,URI="10.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="10.1.m4s"
#EXT-X-RENDITION-REPORT:URI="../b/index.m3u8",LAST-MSN=10,LAST-PART=0
`

func parse(t *testing.T, text string) *Media {
	t.Helper()
	p, err := ParseMedia([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const millisecond = time.Millisecond

func TestMediaPlaylist(t *testing.T) {
	first, second := &Map{Line: 9, URI: "init0.mp4"}, &Map{Line: 14, URI: "init1.mp4"}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := &Media{
		Header: Header{Version: 9}, Target: 2 * time.Second, MediaSequence: 7, DiscontinuitySequence: 3,
		Control: ServerControl{
			Line: 4, BlockReload: true, PartHoldBack: 1002 * millisecond, HoldBack: 6 * time.Second, SkipUntil: 12 * time.Second,
		},
		PartTarget: 334 * millisecond,
		Segments: []Segment{
			{
				Line: 11, URILine: 12, MSN: 7, DiscontinuityNumber: 3, URI: "7.m4s", Duration: 766670 * time.Microsecond,
				DateTime: at, DateLine: 10, Map: first,
			},
			{
				Line: 18, URILine: 19, MSN: 8, DiscontinuityNumber: 4, URI: "8.m4s", Duration: 433330 * time.Microsecond,
				DateTime: at.Add(767 * millisecond), DateLine: 15, Map: second, Discontinuity: true,
				Parts: []Part{
					{Line: 16, URI: "8.0.m4s", Duration: 333330 * time.Microsecond, Independent: true},
					{Line: 17, URI: "8.1.m4s", Duration: 100 * millisecond, Gap: true},
				},
			},
			{
				Line: 21, URILine: 22, MSN: 9, DiscontinuityNumber: 4, URI: "9.m4s", Duration: 2 * time.Second,
				WholeSeconds: true, Gap: true, Map: second,
			},
		},
		Open: Segment{MSN: 10, DiscontinuityNumber: 4, Map: second, Parts: []Part{
			{Line: 24, URI: "10.0.m4s", Duration: 333330 * time.Microsecond, Independent: true},
		}},
		Hints:   []Hint{{Line: 25, Type: "PART", URI: "10.1.m4s", Length: -1}},
		Reports: []Report{{Line: 26, URI: "../b/index.m3u8", LastMSN: 10}},
		DateRanges: []DateRange{{Line: 8, ID: "ad", Start: at, Attributes: Attributes{
			"ID": {"ad", true}, "START-DATE": {"2026-01-02T03:04:05Z", true}, "X-COMMENT": {"a,b=c", true},
		}}},
	}
	p := parse(t, live)
	if diff := cmp.Diff(want, p, cmpopts.IgnoreUnexported(Header{}, Media{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if msn, part := p.Next(); msn != 10 || part != 1 {
		t.Errorf("next is %d.%d, not 10.1", msn, part)
	}
	if p.Line("EXT-X-TARGETDURATION") != 3 || p.Line("EXT-X-ENDLIST") != 0 || p.PartHint() != "10.1.m4s" {
		t.Errorf("lines %v, hint %q", p.lines, p.PartHint())
	}
}

func TestProblemsHaveTheirLines(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           string // how the one problem begins
	}{
		{"no attribute list", "CAN-BLOCK-RELOAD=YES", "can", "line 4: EXT-X-SERVER-CONTROL: \"can"},
		{"open quote", `URI="10.1.m4s"`, `URI="10.1.m4s`, "line 25: EXT-X-PRELOAD-HINT: the quote of URI"},
		{"no quotes", `URI="10.1.m4s"`, `URI=10.1.m4s`, "line 25: EXT-X-PRELOAD-HINT: URI is"},
		{"twice in a list", `LAST-PART=0`, `LAST-MSN=0`, "line 26: EXT-X-RENDITION-REPORT: LAST-MSN is there twice"},
		{"missing attribute", `DURATION=0.10000,`, ``, "line 17: EXT-X-PART has no DURATION"},
		{"not YES or NO", `GAP=YES`, `GAP=yes`, "line 17: EXT-X-PART: GAP is"},
		{"signed number", "LAST-MSN=10", "LAST-MSN=+10", "line 26: EXT-X-RENDITION-REPORT: LAST-MSN"},
		{"exponent", "EXTINF:0.76667", "EXTINF:1e3", "line 11: EXTINF: \"1e3\""},
		{"no comma", "EXTINF:2,", "EXTINF:2", "line 21: EXTINF: no comma"},
		{"no date", ".767+00:00", "x", "line 15: EXT-X-PROGRAM-DATE-TIME"},
		{"tag twice", "# a comment", "#EXT-X-TARGETDURATION:2", "line 23: EXT-X-TARGETDURATION stands in line 3"},
		{"late sequence", "# a comment", "#EXT-X-SKIP:SKIPPED-SEGMENTS=0", "line 23: EXT-X-SKIP stands behind"},
		{"no EXTINF", "#EXTINF:0.76667,\n", "", "line 11: a URI without"},
		{"no URI", "7.m4s\n", "", "line 11: no URI follows EXTINF"},
		{"range without a beginning", "#EXT-X-GAP", "#EXT-X-BYTERANGE:5", "line 22: EXT-X-BYTERANGE: no range"},
		{"blank before a number", "VERSION:9", "VERSION: 9", "line 2: EXT-X-VERSION: \" 9\" is no"},
		{"21 digits", "LAST-MSN=10", "LAST-MSN=000000000000000000010", "line 26: EXT-X-RENDITION-REPORT: LAST-MSN"},
		{"control character", "a title", "a\vtitle", "line 18: there is the control character"},
		{"control character of ISO 6429", "a title", "a\u0085title", "line 18: there is the control character"},
		{"return within a line", "a title", "a\rtitle", "line 18: there is the control character"},
		{"blank before a URI", "\n9.m4s", "\n 9.m4s", "line 22: blanks"},
		{"empty string", `URI="10.1.m4s"`, `URI=""`, "line 25: EXT-X-PRELOAD-HINT: URI is empty"},
		{"map without an offset", `URI="init1.mp4"`, `URI="init1.mp4",BYTERANGE="9"`, "line 14: EXT-X-MAP: BYTERANGE tells no offset"},
		{"multivariant tag", "# a comment", `#EXT-X-SESSION-DATA:DATA-ID="a",VALUE="b"`, "line 23: EXT-X-SESSION-DATA, a tag of multi"},
		{"huge sequence number", "SEQUENCE:7", "SEQUENCE:9223372036854775807", "line 6: EXT-X-MEDIA-SEQUENCE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := parse(t, strings.Replace(live, test.old, test.new, 1))
			if len(p.Problems) != 1 || !strings.HasPrefix(p.Problems[0].String(), test.want) {
				t.Errorf("%v, want one that begins with %q", p.Problems, test.want)
			}
		})
	}
}

// TestLargeIntegersAreNoProblem reads up to 2⁶⁴−1 (4.2).
func TestLargeIntegersAreNoProblem(t *testing.T) {
	p := parse(t, strings.Replace(live, `URI="10.1.m4s"`, `URI="10.1.m4s",BYTERANGE-LENGTH=18446744073709551615`, 1))
	if len(p.Problems) > 0 || p.Hints[0].Length != math.MaxInt64 {
		t.Errorf("%v, %+v", p.Problems, p.Hints)
	}
}

func TestLateTags(t *testing.T) {
	p := parse(t, strings.Replace(live, "#EXTINF:0.43333", "#EXT-X-DISCONTINUITY\n#EXTINF:0.43333", 1))
	if diff := cmp.Diff([]Tag{{"EXT-X-DISCONTINUITY", 18}}, p.Segments[1].Late); diff != "" {
		t.Error(diff)
	}
}

func TestNoPlaylist(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{"", ErrNotPlaylist},
		{"<html>", ErrNotPlaylist},
		{"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", ErrOtherKind},
		{"#EXTM3U\n" + strings.Repeat("\n", maxLines), ErrTooLarge},
	}
	for _, test := range tests {
		if _, err := ParseMedia([]byte(test.text)); !errors.Is(err, test.want) {
			t.Errorf("%.20q: %v, want %v", test.text, err, test.want)
		}
	}
	if _, err := ParseMultivariant([]byte(live)); !errors.Is(err, ErrOtherKind) {
		t.Errorf("a media playlist read as a multivariant one: %v", err)
	}
}

func TestByteRangesFollowEachOther(t *testing.T) {
	p := parse(t, `#EXTM3U
#EXT-X-TARGETDURATION:1
#EXT-X-BYTERANGE:10@5
#EXTINF:1,
a
#EXT-X-PART:DURATION=1,URI="a",BYTERANGE="7"
#EXT-X-BYTERANGE:20@15
#EXTINF:1,
a
`)
	if len(p.Problems) > 0 {
		t.Error(p.Problems)
	}
	if got := *p.Segments[1].Parts[0].Range; got != (ByteRange{7, 15}) {
		t.Errorf("the part's range is %+v", got)
	}
	if got := *p.Segments[1].Range; got != (ByteRange{20, 15}) {
		t.Errorf("the segment's range is %+v", got)
	}
}

// TestTabsInTitles: Apple's segmenters write one behind each EXTINF.
func TestTabsInTitles(t *testing.T) {
	if p := parse(t, strings.Replace(live, "a title", "\ta title", 1)); len(p.Problems) > 0 {
		t.Error(p.Problems)
	}
}

// TestRangesOfPartsAndSegments: a segment whose parts lie in the same file begins
// behind the segment before it, not behind its last part.
func TestRangesOfPartsAndSegments(t *testing.T) {
	p := parse(t, `#EXTM3U
#EXT-X-TARGETDURATION:1
#EXTINF:1,
#EXT-X-BYTERANGE:20@0
a
#EXT-X-PART:DURATION=0.5,URI="a",BYTERANGE="5@20"
#EXT-X-PART:DURATION=0.5,URI="a",BYTERANGE="15"
#EXTINF:1,
#EXT-X-BYTERANGE:20
a
`)
	if len(p.Problems) > 0 {
		t.Error(p.Problems)
	}
	if got := *p.Segments[1].Parts[1].Range; got != (ByteRange{15, 25}) {
		t.Errorf("the part's range is %+v", got)
	}
	if got := *p.Segments[1].Range; got != (ByteRange{20, 20}) {
		t.Errorf("the segment's range is %+v", got)
	}
}

func TestMergeMakesTheWholePlaylist(t *testing.T) {
	delta := strings.Replace(live, "#EXT-X-DATERANGE:ID=\"ad\",START-DATE=\"2026-01-02T03:04:05Z\",X-COMMENT=\"a,b=c\"\n", "", 1)
	from, to := strings.Index(delta, "#EXT-X-MAP"), strings.Index(delta, "#EXT-X-GAP")
	delta = delta[:from] + "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n" + delta[to:]
	whole := parse(t, live)
	merged, err := parse(t, delta).Merge(whole)
	if err != nil {
		t.Fatal(err)
	}
	ignore := []cmp.Option{
		cmpopts.IgnoreUnexported(Header{}, Media{}), cmpopts.IgnoreFields(Segment{}, "Line", "URILine"),
		cmpopts.IgnoreFields(Part{}, "Line"), cmpopts.IgnoreFields(Hint{}, "Line"), cmpopts.IgnoreFields(Report{}, "Line"),
	}
	if diff := cmp.Diff(whole, merged, ignore...); diff != "" {
		t.Errorf("-whole +merged\n%s", diff)
	}
	old := *whole
	old.Segments = old.Segments[:1]
	if _, err := parse(t, delta).Merge(&old); !errors.Is(err, ErrSkippedUnknown) {
		t.Errorf("merged with a playlist that lacks a skipped segment: %v", err)
	}
	gone := parse(t, strings.Replace(delta, "SEGMENTS=2", "SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=\"x\tad\"", 1))
	if merged, err = gone.Merge(whole); err != nil || len(merged.DateRanges) > 0 {
		t.Errorf("removed date range: %v, %+v", err, merged)
	}
}
