package packager

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// live is a stream of one rendition that has been fed up to a time: whole parts
// of ten frames, segments of 2 s.
func live(t testing.TB, to float64) (*Stream, *Rendition, func(to float64)) {
	t.Helper()
	return liveWith(t, testOptions(), to)
}

func liveWith(t testing.TB, o Options, to float64) (*Stream, *Rendition, func(to float64)) {
	t.Helper()
	s := newStream(t, o, silent(rung("720p30", fps(30), 0)))
	all := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(60)}.packets()
	more := func(to float64) {
		for len(all) > 0 && all[0].DTS <= secs(to)+10 { // frames are rounded to ticks
			s.Write(0, all[0])
			all = all[1:]
		}
	}
	more(to)
	r, ok := s.Rendition("720p30")
	if !ok {
		t.Fatal("no rendition")
	}
	return s, r, more
}

func TestBlockingPlaylist(t *testing.T) {
	// At 4.4 s, segment 0 is complete, and segment 1 has the parts 0 to 3.
	for _, c := range []struct {
		name  string
		q     Query
		until float64 // media that satisfies it; 0 where it is answered at once
		err   error
	}{
		{"plain", Plain, 0, nil},
		{"a part without a segment", Query{MSN: -1, Part: 3}, 0, ErrQuery},
		{"a whole segment that is there", Query{MSN: 0, Part: -1}, 0, nil},
		{"a part that is there", Query{MSN: 1, Part: 3}, 0, nil},
		{"the next part", Query{MSN: 1, Part: 4}, 4.7, nil},
		{"a part past the end of a complete segment", Query{MSN: 0, Part: 9}, 0, nil},
		{"a part past the end of the current segment", Query{MSN: 1, Part: 9}, 5.4, nil},
		{"a part far past the end of the current segment", Query{MSN: 1, Part: 40}, 0, ErrTooFarAhead},
		{"the current segment", Query{MSN: 1, Part: -1}, 5, nil},
		{"the next segment", Query{MSN: 2, Part: -1}, 7, nil},
		{"the next segment's first part", Query{MSN: 2, Part: 0}, 5.4, nil},
		{"two ahead of the last", Query{MSN: 2, Part: 5}, 7, nil},
		{"a part far into the next segment", Query{MSN: 2, Part: 40}, 0, ErrTooFarAhead},
		{"three ahead of the last", Query{MSN: 3, Part: -1}, 0, ErrTooFarAhead},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, r, more := live(t, 4.4)
				type answer struct {
					doc Document
					err error
				}
				got := make(chan answer, 1)
				go func() {
					doc, err := r.Playlist(t.Context(), c.q)
					got <- answer{doc, err}
				}()
				synctest.Wait()
				if c.until > 0 {
					more(c.until - 0.1)
					synctest.Wait()
					if len(got) != 0 {
						t.Fatal("answered too early")
					}
					more(c.until)
					synctest.Wait()
				}
				if len(got) != 1 {
					t.Fatal("not answered")
				}
				a := <-got
				if !errors.Is(a.err, c.err) {
					t.Fatalf("error %v, want %v", a.err, c.err)
				}
				if c.err == nil && (a.doc.Body == nil || a.doc.Blocking != (c.q.MSN >= 0)) {
					t.Errorf("blocking %v, body %q", a.doc.Blocking, a.doc.Body)
				}
			})
		})
	}
}

// TestPlainHLSBlocksForSegments has viewers of a playlist without parts ask for what
// is to come: whole segments, whatever part they name.
func TestPlainHLSBlocksForSegments(t *testing.T) {
	for _, q := range []Query{{MSN: 2, Part: -1}, {MSN: 2, Part: 0}, {MSN: 1, Part: 9}} {
		synctest.Test(t, func(t *testing.T) {
			o := testOptions()
			o.Latency = Normal
			_, r, more := liveWith(t, o, 5.4) // segments 0 and 1 are complete
			got := make(chan Document, 1)
			go func() {
				doc, err := r.Playlist(t.Context(), q)
				if err != nil {
					t.Error(err)
				}
				got <- doc
			}()
			synctest.Wait()
			if waits := q.MSN == 2; (len(got) == 0) != waits {
				t.Fatalf("%+v: waits %v", q, !waits)
			}
			more(7)
			synctest.Wait()
			if doc := <-got; !doc.Blocking || !bytes.Contains(doc.Body, []byte("\n1.m4s\n")) {
				t.Errorf("%+v: blocking %v\n%s", q, doc.Blocking, doc.Body)
			}
			if _, err := r.Playlist(t.Context(), Query{MSN: 6, Part: -1}); !errors.Is(err, ErrTooFarAhead) {
				t.Errorf("three segments ahead: %v", err)
			}
			for _, name := range []string{"1.0.m4s", "3.0.m4s"} {
				if _, err := r.Media(t.Context(), name); !errors.Is(err, ErrNotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func TestWaitersAreReleased(t *testing.T) {
	wait := map[string]func(ctx context.Context, r *Rendition) error{
		"playlist": func(ctx context.Context, r *Rendition) error {
			_, err := r.Playlist(ctx, Query{MSN: 2, Part: -1})
			return err
		},
		"part": func(ctx context.Context, r *Rendition) error {
			_, err := r.Media(ctx, "1.4.m4s")
			return err
		},
	}
	gone := errors.New("the viewer went away")
	for name, ask := range wait {
		for _, c := range []struct {
			name    string
			release func(s *Stream, cancel context.CancelCauseFunc)
			err     error
		}{
			{"by the end", func(s *Stream, _ context.CancelCauseFunc) { s.End() }, nil},
			{"by the viewer", func(_ *Stream, cancel context.CancelCauseFunc) { cancel(gone) }, context.Canceled},
			{"after three target durations", func(*Stream, context.CancelCauseFunc) {
				<-time.After(6*time.Second + time.Millisecond) // on synctest's clock
			}, ErrUnmet},
		} {
			t.Run(name+" "+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, r, _ := live(t, 4.4)
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					got := make(chan error, 1)
					go func() { got <- ask(ctx, r) }()
					synctest.Wait()
					if len(got) != 0 {
						t.Fatalf("did not wait: %v", <-got)
					}
					c.release(s, cancel)
					synctest.Wait()
					if len(got) != 1 {
						t.Fatal("still waiting")
					}
					if err := <-got; !errors.Is(err, c.err) {
						t.Errorf("error %v, want %v", err, c.err)
					}
				})
			})
		}
	}
}

// TestEndComesInTwoSteps: players first see the last segment whole and with its parts,
// so that those which have some of them fetch the others.
func TestEndComesInTwoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r, _ := live(t, 4.8)
		ask := func(q Query) Document {
			doc, err := r.Playlist(t.Context(), q)
			if err != nil {
				t.Error(err)
			}
			return doc
		}
		if last := string(ask(Plain).Body); !strings.Contains(last, `"1.4.m4s"`) || strings.Contains(last, "\n1.m4s") {
			t.Fatalf("the stream is not within its second segment:\n%s", last)
		}
		end := make(chan Document, 1)
		go func() { end <- ask(Query{MSN: 2, Part: 0}) }()
		synctest.Wait()
		s.Finish()
		doc := ask(Plain)
		for _, line := range []string{`"1.5.m4s"`, "\n1.m4s\n"} {
			if !strings.Contains(string(doc.Body), line) {
				t.Errorf("finished, without %s:\n%s", line, doc.Body)
			}
		}
		if doc.Final || strings.Contains(string(doc.Body), "#EXT-X-ENDLIST") || strings.Contains(string(doc.Body), "PRELOAD-HINT") {
			t.Errorf("finished, and ended or hinting at more:\n%s", doc.Body)
		}
		synctest.Wait()
		if len(end) != 0 {
			t.Fatal("who waits for the next segment was answered before the end")
		}
		s.End()
		if doc := <-end; !doc.Final || strings.Contains(string(doc.Body), "#EXT-X-PART:") || !strings.HasSuffix(string(doc.Body), "\n1.m4s\n#EXT-X-ENDLIST\n") {
			t.Errorf("ended with parts, or without an end:\n%s", doc.Body)
		}
	})
}

func TestHintedPartComesWhenItIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r, more := live(t, 4.4)
		doc, err := r.Playlist(t.Context(), Plain)
		if err != nil || !strings.Contains(string(doc.Body), `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1.4.m4s"`) {
			t.Fatalf("playlist without the hint: %v\n%s", err, doc.Body)
		}
		got := make(chan Resource, 1)
		go func() {
			res, err := r.Media(t.Context(), "1.4.m4s")
			if err != nil {
				t.Error(err)
			}
			got <- res
		}()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("answered too early")
		}
		more(4.7)
		if res := <-got; res.Size == 0 || res.Type != "video/mp4" {
			t.Errorf("%d bytes of %s", res.Size, res.Type)
		}
	})
}

func TestMediaNames(t *testing.T) {
	_, r, _ := live(t, 4.4)
	for name, found := range map[string]bool{
		"init0.mp4": true, "0.m4s": true, "0.0.m4s": true, "1.3.m4s": true,
		"": false, "init1.mp4": false, "init": false, "1.m4s": false, "2.m4s": false, "1.5.m4s": false, "-1.m4s": false,
		"00.m4s": false, "0.00.m4s": false, "+0.m4s": false, "0.-1.m4s": false, "0.0.0.m4s": false, "0.mp4": false, "x.m4s": false,
	} {
		res, err := r.Media(t.Context(), name)
		if found && (err != nil || res.Size == 0) || !found && !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %d bytes, error %v", name, res.Size, err)
		}
	}
}

func TestNothingIsThereBeforeTheFirstPart(t *testing.T) {
	s, r, more := live(t, 1.1)
	if _, err := s.Multivariant("", false); !errors.Is(err, ErrNotReady) {
		t.Errorf("multivariant: %v", err)
	}
	if _, err := r.Playlist(t.Context(), Plain); !errors.Is(err, ErrNotReady) {
		t.Errorf("playlist: %v", err)
	}
	if _, err := r.Media(t.Context(), "0.0.m4s"); !errors.Is(err, ErrNotFound) {
		t.Errorf("part: %v", err)
	}
	more(1.4)
	if _, err := s.Multivariant("", false); err != nil {
		t.Errorf("multivariant: %v", err)
	}
	if _, err := r.Playlist(t.Context(), Plain); err != nil {
		t.Errorf("playlist: %v", err)
	}
}

func TestStreamThatEndsWithoutMediaReleasesWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r, _ := live(t, 0.5)
		got := make(chan error, 1)
		go func() {
			_, err := r.Playlist(t.Context(), Query{MSN: 0, Part: 0})
			got <- err
		}()
		synctest.Wait()
		s.End()
		if err := <-got; !errors.Is(err, ErrNotReady) {
			t.Error(err)
		}
	})
}

func TestGzipHoldsThePlaylist(t *testing.T) {
	_, r, _ := live(t, 20)
	doc, err := r.Playlist(t.Context(), Plain)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(doc.Gzip))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zip)
	if err != nil || !bytes.Equal(plain, doc.Body) {
		t.Errorf("%v: %d bytes, want %d", err, len(plain), len(doc.Body))
	}
	if len(doc.Gzip) >= len(doc.Body) {
		t.Errorf("%d bytes compressed, %d before", len(doc.Gzip), len(doc.Body))
	}
}

// TestListedSegmentsStay holds a playlist while the stream goes on: what it
// lists is there for as long as it and a segment last (rfc8216bis, 6.2.2), and
// what is kept does not grow.
func TestListedSegmentsStay(t *testing.T) {
	o := testOptions()
	o.Window = secs(10)
	s := newStream(t, o, silent(rung("720p30", fps(30), 0)))
	all := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(100)}.packets()
	r, _ := s.Rendition("720p30")
	largest := int64(0)
	var held Document
	for _, p := range all {
		s.Write(0, p)
		largest = max(largest, s.Bytes())
		if p.DTS == secs(31) {
			held, _ = r.Playlist(t.Context(), Plain)
		}
		if p.DTS == secs(31+12+2) {
			for _, name := range uris(held.Body) {
				if _, err := r.Media(t.Context(), name); err != nil {
					t.Errorf("%s, listed 14 s ago: %v", name, err)
				}
			}
		}
	}
	if len(uris(held.Body)) < 5 {
		t.Fatalf("held playlist\n%s", held.Body)
	}
	perSecond := int64(30 * 125)
	if limit := 30 * perSecond; largest > limit { // two windows and five segments
		t.Errorf("%d bytes kept, want at most %d", largest, limit)
	}
	if n := len(r.state.Load().segments); n > 15 {
		t.Errorf("%d segments kept", n)
	}
}

// uris are the segments and parts that a playlist lists.
func uris(body []byte) []string {
	var out []string
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		if _, rest, ok := strings.Cut(line, `URI="`); ok && !strings.Contains(line, "HINT") {
			out = append(out, strings.SplitN(rest, `"`, 2)[0])
		} else if !strings.HasPrefix(line, "#") && line != "" {
			out = append(out, line)
		}
	}
	return out
}
