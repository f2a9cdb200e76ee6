package load

import (
	"strings"
	"testing"
	"time"
)

const livePlaylist = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,PART-HOLD-BACK=1.5,HOLD-BACK=6
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:2,
7.m4s
#EXT-X-PART:DURATION=0.5,URI="8.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="8.1.m4s"
#EXT-X-PART:DURATION=0.5,URI="8.2.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="8.3.m4s"
#EXTINF:2,
8.m4s
#EXT-X-PART:DURATION=0.5,URI="9.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="9.1.m4s"
`

func read(t *testing.T, c *catalogue, text string, previous *listing, when time.Time) *listing {
	t.Helper()
	l, err := c.read([]byte(text), false, previous, when)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestListingBeginsWhereHLSJSDoes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		at         cursor
		lead       time.Duration
		ok         bool
	}{
		// The edge is at 5 s, so the sync position at 3.5 s: in segment 8, past the
		// independent part at 3 s.
		{"low latency", livePlaylist, cursor{8, 2}, ms(500), true},
		{"without parts", strings.NewReplacer(",PART-HOLD-BACK=1.5", "", "#EXT-X-PART", "#NO").Replace(livePlaylist), cursor{7, 0}, 0, true},
		{"no segment yet", livePlaylist[:strings.Index(livePlaylist, "#EXTINF")], cursor{}, 0, false},
	} {
		l := read(t, newCatalogue(), c.text, nil, at(0))
		if got, lead, ok := l.begin(); got != c.at || lead != c.lead || ok != c.ok {
			t.Errorf("%s: at %+v with %v before (%v), not %+v, %v (%v)", c.name, got, lead, ok, c.at, c.lead, c.ok)
		}
	}
}

func TestListingAsksForWhatComesNext(t *testing.T) {
	l := read(t, newCatalogue(), livePlaylist, nil, at(0))
	if want := "_HLS_msn=9&_HLS_part=2"; l.reload != want || l.skipping != want+"&_HLS_skip=YES" {
		t.Errorf("reloads by %q and %q", l.reload, l.skipping)
	}
	ended := read(t, newCatalogue(), livePlaylist+"#EXT-X-ENDLIST\n", nil, at(0))
	if ended.reload != "" {
		t.Errorf("reloads after the end by %q", ended.reload)
	}
}

func TestListingGoesFromPartToPart(t *testing.T) {
	l := read(t, newCatalogue(), livePlaylist, nil, at(0))
	var got []string
	where := cursor{7, 0}
	for {
		p, next, is := l.find(where)
		if is != found {
			if is != later || where != (cursor{9, 2}) {
				t.Errorf("stopped at %+v: %d", where, is)
			}
			break
		}
		if p.init.uri != "init.mp4" {
			t.Errorf("%s has init section %q", p.uri, p.init.uri)
		}
		got = append(got, p.uri)
		where = next
	}
	if want := "7.m4s 8.0.m4s 8.1.m4s 8.2.m4s 8.3.m4s 9.0.m4s 9.1.m4s"; strings.Join(got, " ") != want {
		t.Errorf("%v, not %s", got, want)
	}
	if _, _, is := l.find(cursor{6, 0}); is != gone {
		t.Errorf("what lies before the window is %d", is)
	}
	last, _, _ := l.find(cursor{9, 1})
	if want := time.Date(2026, 1, 2, 3, 4, 10, 0, time.UTC); !last.end.Equal(want) {
		t.Errorf("the last part ends at %v, not %v", last.end, want)
	}
}

func TestCatalogueReadsAStateOnce(t *testing.T) {
	c := newCatalogue()
	first := read(t, c, livePlaylist, nil, at(0))
	if again := read(t, c, livePlaylist, nil, at(50)); again != first {
		t.Error("the same bytes were read twice")
	}
	// A delta update, from a viewer of that state and from one of another.
	delta := livePlaylist[:strings.Index(livePlaylist, "#EXT-X-MAP")] + "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n" +
		livePlaylist[strings.Index(livePlaylist, "#EXT-X-PART:"):] + `#EXT-X-PART:DURATION=0.5,URI="9.2.m4s"` + "\n"
	second := read(t, c, delta, first, at(100))
	if len(second.segments) != 3 || second.next != (cursor{9, 3}) || second.segments[2].parts[2].init.uri != "init.mp4" {
		t.Errorf("merged into %+v", second)
	}
	if !second.seen.Equal(at(100)) || !second.segments[2].parts[2].there.Equal(at(100)) || !second.segments[2].parts[1].there.IsZero() {
		t.Error("the new part, and only it, is there since the second state came")
	}
	if again := read(t, c, delta, second, at(110)); again != second {
		t.Error("the same delta update was read twice, for viewers of two states")
	}
	later := read(t, c, strings.Replace(livePlaylist[strings.Index(livePlaylist, "8.m4s"):], "8.m4s",
		"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:8\n#EXTINF:2,\n8.m4s", 1), nil, at(115))
	for _, previous := range []*listing{nil, later} {
		if _, err := c.read([]byte(delta), false, previous, at(120)); err == nil {
			t.Error("a delta update was taken by who does not have what it skips")
		}
	}
}

func TestCatalogueForgetsOldStates(t *testing.T) {
	c := newCatalogue()
	for i := range 3 * keptStates {
		read(t, c, livePlaylist+strings.Repeat("#\n", i), nil, at(i))
	}
	if len(c.states) != keptStates || len(c.oldest) != keptStates {
		t.Errorf("%d states are kept", len(c.states))
	}
}
