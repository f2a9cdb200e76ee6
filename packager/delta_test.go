package packager

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ladderd/media"
)

// told is a playlist as a client understands it.
type told struct {
	Header  []string
	First   int64 // EXT-X-MEDIA-SEQUENCE
	Skipped int
	disc    int64 // EXT-X-DISCONTINUITY-SEQUENCE
	Entries []entry
	Trailer []string
	reports []report
}

// entry is a segment with all that applies to it. The last may have parts alone.
type entry struct {
	MSN   int64
	Disc  int64 // discontinuity sequence number
	Map   string
	Lines []string // its own
}

// read parses a playlist. What a delta update leaves out of its first segment's
// context is unknown: Disc counts from there, and Map is empty.
func read(t rapid.TB, body []byte) told {
	t.Helper()
	var l told
	now, here := entry{}, ""
	for _, line := range strings.Split(strings.TrimSuffix(string(body), "\n"), "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "#EXT-X-MEDIA-SEQUENCE":
			l.First = number(t, value)
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			l.disc = number(t, value)
			now.Disc = l.disc
		case "#EXT-X-SKIP":
			l.Skipped = int(number(t, strings.TrimPrefix(value, "SKIPPED-SEGMENTS=")))
		case "#EXT-X-DISCONTINUITY":
			now.Disc++
		case "#EXT-X-MAP":
			here = value
		case "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-PART", "#EXT-X-GAP", "#EXTINF":
			now.Lines = append(now.Lines, line)
		case "#EXT-X-RENDITION-REPORT":
			l.Trailer = append(l.Trailer, line)
			l.reports = append(l.reports, readReport(t, value))
		case "#EXT-X-PRELOAD-HINT", "#EXT-X-ENDLIST":
			l.Trailer = append(l.Trailer, line)
		case "#EXT-X-VERSION": // it is that of the tags in use
		case "#EXTM3U", "#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF":
			l.Header = append(l.Header, line)
		default:
			now.Lines = append(now.Lines, line)
			now.Map = here
			l.Entries = append(l.Entries, now)
			now = entry{Disc: now.Disc}
		}
	}
	if len(now.Lines) > 0 {
		now.Map = here
		l.Entries = append(l.Entries, now)
	}
	for i := range l.Entries {
		l.Entries[i].MSN = l.First + int64(l.Skipped+i)
	}
	return l
}

func number(t rapid.TB, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func readReport(t rapid.TB, value string) report {
	t.Helper()
	fields := strings.Split(value, ",")
	field := func(i int, name string) string {
		text, ok := strings.CutPrefix(fields[i], name+"=")
		if !ok {
			t.Fatalf("no %s in %s", name, value)
		}
		return text
	}
	r := report{name: strings.Trim(field(0, "URI"), `"`), msn: number(t, field(1, "LAST-MSN")), part: -1}
	r.name = strings.TrimSuffix(strings.TrimPrefix(r.name, "../"), "/index.m3u8")
	if len(fields) > 2 {
		r.part = int(number(t, field(2, "LAST-PART")))
	}
	return r
}

// update is what a client makes of a delta update with the playlist that it has
// (rfc8216bis, 6.3.7).
func (l told) update(t rapid.TB, delta told) told {
	t.Helper()
	if delta.Skipped == 0 {
		return delta
	}
	from := delta.First - l.First
	if from < 0 || from+int64(delta.Skipped) > int64(len(l.Entries)) {
		t.Fatalf("%d segments from %d on are skipped; the client has %d from %d on", delta.Skipped, delta.First, len(l.Entries), l.First)
	}
	out := delta
	out.Skipped = 0
	out.Entries = slices.Clone(l.Entries[from : from+int64(delta.Skipped)])
	passed := out.Entries[delta.Skipped-1].Disc - delta.disc // in the skipped segments
	for _, e := range delta.Entries {
		e.Disc += passed
		out.Entries = append(out.Entries, e)
	}
	return out
}

// follower is a client that has a rendition's playlist and asks for delta updates.
type follower struct {
	has     told
	end     media.Ticks // of what it has
	skipped int         // the most that an update left out
	reports map[string]report
}

// follow updates the playlist and holds it against the full one.
func (f *follower) follow(t rapid.TB, w *writer) {
	t.Helper()
	if !w.out.state.Load().ready() {
		return
	}
	delta := read(t, fetch(t, w.out, Query{MSN: -1, Part: -1, Skip: true}))
	full := read(t, fetch(t, w.out, Plain))
	if full.Skipped > 0 {
		t.Fatalf("%s: a delta update for who asked for none", w.spec.Name)
	}
	f.skipped = max(f.skipped, delta.Skipped)
	if age := w.end - f.end; age > skipUntil*w.clock.target/2 {
		f.has = full // a client may not ask for an update then
	} else {
		f.has = f.has.update(t, delta)
	}
	f.end = w.end
	if !reflect.DeepEqual(full, f.has) { // quicker than cmp, which tells more
		t.Fatalf("%s: the updated playlist differs, -full +updated\n%s", w.spec.Name, cmp.Diff(full, f.has, cmp.AllowUnexported(told{}, report{})))
	}
}

// checkReports wants them to name what can be fetched, and never less than before.
func (f *follower) checkReports(t rapid.TB, s *Stream) {
	t.Helper()
	for _, r := range f.has.reports {
		other, ok := s.Rendition(r.name)
		if !ok {
			t.Fatalf("a report on %s", r.name)
		}
		st := other.state.Load()
		if !st.holds(Query{MSN: r.msn, Part: int64(r.part)}) || st.segment(r.msn) == nil || r.part >= len(st.segment(r.msn).parts) {
			t.Fatalf("%s is reported at %d.%d and is at %d.%d", r.name, r.msn, r.part, st.open, st.parts)
		}
		if old, known := f.reports[r.name]; known && (r.msn < old.msn || r.msn == old.msn && r.part < old.part) {
			t.Fatalf("%s is reported at %d.%d, and was at %d.%d", r.name, r.msn, r.part, old.msn, old.part)
		}
		if f.reports == nil {
			f.reports = map[string]report{}
		}
		f.reports[r.name] = r
	}
}

func fetch(t rapid.TB, r *Rendition, q Query) []byte {
	t.Helper()
	doc, err := r.Playlist(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(doc.Gzip))
	if err != nil {
		t.Fatal(err)
	}
	zip.Multistream(false) // browsers read one member
	plain, err := io.ReadAll(zip)
	if err != nil || !bytes.Equal(plain, doc.Body) {
		t.Fatalf("the compressed playlist differs: %v", err)
	}
	return doc.Body
}

// TestDeltaUpdatesGiveTheFullPlaylist follows a stream whose parameters change, so
// that the update leaves out an EXT-X-MAP and a discontinuity, and one of hours.
func TestDeltaUpdatesGiveTheFullPlaylist(t *testing.T) {
	for _, c := range []struct {
		name    string
		window  float64
		length  float64
		skipped int // at the end
	}{
		{"short window", 20, 90, 3}, // of ten whole segments the newest seven are sent
		{"long window", 3600, 600, 292},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := testOptions()
			o.Window = secs(c.window)
			s := newStream(t, o, silent(rung("720p30", fps(30), 0)))
			before := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(41)}
			after := before
			after.params, after.from, after.to = videoParams(t, sps480), secs(41), secs(1+c.length)
			var f follower
			for i, p := range append(before.packets(), after.packets()...) {
				s.Write(0, p)
				if i%25 == 0 {
					f.follow(t, s.writers[0])
				}
			}
			if f.skipped != c.skipped {
				t.Errorf("at most %d segments were skipped, want %d", f.skipped, c.skipped)
			}
			s.End()
			if body := fetch(t, s.writers[0].out, Query{MSN: -1, Part: -1, Skip: true}); bytes.Contains(body, []byte("EXT-X-SKIP")) {
				t.Error("a delta update of a stream that has ended")
			}
		})
	}
}

func TestDeltaUpdateWaitsLikeAPlaylist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r, more := live(t, 31)
		got := make(chan Document, 1)
		go func() {
			doc, err := r.Playlist(t.Context(), Query{MSN: 15, Part: 0, Skip: true})
			if err != nil {
				t.Error(err)
			}
			got <- doc
		}()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("answered too early")
		}
		more(31.4)
		doc := <-got
		for _, want := range []string{"#EXT-X-SKIP:SKIPPED-SEGMENTS=8\n", `URI="15.0.m4s"`, "\n8.m4s"} {
			if !bytes.Contains(doc.Body, []byte(want)) {
				t.Errorf("no %s in\n%s", want, doc.Body)
			}
		}
		if bytes.Contains(doc.Body, []byte("\n7.m4s")) || !doc.Blocking {
			t.Errorf("segment 7 lies behind the boundary; blocking %v\n%s", doc.Blocking, doc.Body)
		}
	})
}

// TestOneRenderingForAll has many ask at once for what nobody has asked for yet.
func TestOneRenderingForAll(t *testing.T) {
	_, r, _ := live(t, 40)
	for _, skip := range []bool{false, true} {
		var group sync.WaitGroup
		docs := make([]Document, 8)
		for i := range docs {
			group.Go(func() { docs[i], _ = r.Playlist(t.Context(), Query{MSN: 1, Part: 0, Skip: skip}) })
		}
		group.Wait()
		for _, d := range docs {
			if &d.Body[0] != &docs[0].Body[0] || &d.Gzip[0] != &docs[0].Gzip[0] {
				t.Fatalf("rendered more than once, skip %v", skip)
			}
		}
	}
}

func TestReportsGoWithoutTheStreamsEnd(t *testing.T) {
	s, high, low := twoRungs(t)
	feed(s, send(0, 0, high.packets()), send(1, secs(0.2), low.packets()))
	if body := fetch(t, s.writers[1].out, Plain); !bytes.Contains(body, []byte(`REPORT:URI="../720p30/index.m3u8",LAST-MSN=`)) {
		t.Errorf("no report in\n%s", body)
	}
	s.End()
	if body := fetch(t, s.writers[1].out, Plain); bytes.Contains(body, []byte("REPORT")) {
		t.Errorf("a report in the final playlist\n%s", body)
	}
}
