package verify

import (
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/m3u8"
)

// toldOf are the rules that a playlist in testdata/legal does break, as its origin
// does: recommendations that old and plain streams do not follow.
var toldOf = map[string][]string{
	// mediamtx holds back two and a half parts.
	"mediamtx-low-latency": {"part-hold-back-safe"},
}

// TestLegalPlaylistsAreTaken: what Apple's own streams, mediamtx and others write, and
// the draft allows, is found no fault with.
func TestLegalPlaylistsAreTaken(t *testing.T) {
	files, err := filepath.Glob("testdata/legal/*.m3u8")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name, later := strings.CutSuffix(strings.TrimSuffix(filepath.Base(file), ".m3u8"), ".next")
		if later {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c := newCollector()
			first := legal(t, c, file)
			if next := strings.TrimSuffix(file, ".m3u8") + ".next.m3u8"; first != nil {
				if _, err := os.Stat(next); err == nil {
					holdReload(c, first, legal(t, c, next))
				}
			}
			told := map[string]bool{}
			for _, id := range toldOf[name] {
				told[id] = true
			}
			for _, f := range c.report("", "", time.Second).Findings {
				if !told[f.Rule] {
					t.Errorf("%+v", f)
				}
				delete(told, f.Rule)
			}
			for id := range told {
				t.Errorf("%s is not found any more", id)
			}
		})
	}
}

// legal holds a playlist to the rules that look at nothing else; the state is nil for
// a multivariant playlist.
func legal(t *testing.T, c *collector, file string) *state {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://media.example/live/index.m3u8"
	r := &reply{url: url, base: url, status: http.StatusOK, body: body, zipped: true, major: 2, header: http.Header{
		"Content-Type": {"application/vnd.apple.mpegurl"}, "Access-Control-Allow-Origin": {"*"},
		"Vary": {"Accept-Encoding"}, "Cache-Control": {"max-age=1"},
	}}
	if m3u8.IsMultivariant(body) {
		list, err := m3u8.ParseMultivariantAt(body, url)
		if err != nil {
			t.Fatal(err)
		}
		c.apply(url, func(rule *Rule, f *finder) {
			switch {
			case rule.document != nil:
				rule.document(f, &document{reply: r, header: &list.Header, needs: multivariantNeeds(list)})
			case rule.multivariant != nil:
				rule.multivariant(f, &multivariant{reply: r, list: list})
			}
		})
		return nil
	}
	v := &verifier{collector: c, clock: wallClock{}}
	v.add(&rendition{url: url, name: file, listedIn: url, iframes: strings.Contains(file, "iframes")})
	list, err := v.readMedia(r)
	if err != nil {
		t.Fatal(err)
	}
	s := &state{rendition: v.renditions[0], reply: r, list: list}
	if s.rendition.first, s.rendition.last = s, s; list.Line("EXT-X-MAP") > 0 {
		s.rendition.kind = fragmented
	}
	c.apply(url, func(rule *Rule, f *finder) {
		switch {
		case rule.document != nil:
			rule.document(f, &document{reply: r, header: &list.Header, needs: mediaNeeds(list), target: list.Target, changes: s.live()})
		case rule.playlist != nil:
			rule.playlist(f, s)
		}
	})
	return s
}

func holdReload(c *collector, before, s *state) {
	c.apply(s.reply.url, func(rule *Rule, f *finder) {
		if rule.reload != nil {
			rule.reload(f, before, s)
		}
	})
}

// TestDeclaredAndSeenCodecs: HE-AAC may be told by CODECS alone.
func TestDeclaredAndSeenCodecs(t *testing.T) {
	for _, test := range []struct {
		declared, seen string
		same           bool
	}{
		{"mp4a.40.2", "mp4a.40.2", true},
		{"mp4a.40.5", "mp4a.40.2", true},
		{"MP4A.40.29", "mp4a.40.2", true},
		{"mp4a.40.2", "mp4a.40.5", false},
		{"avc1.64001F", "avc1.64001f", true},
		{"avc1.640020", "avc1.64001f", false},
	} {
		if same := sameCodec(test.declared, test.seen); same != test.same {
			t.Errorf("%s for %s: %v", test.declared, test.seen, same)
		}
	}
}

// found are the rules that have something to say of a segment or a resource.
func found(apply func(*Rule, *finder)) (ids []string) {
	c := newCollector()
	c.apply("", apply)
	for _, f := range c.report("", "", time.Second).Findings {
		ids = append(ids, f.Rule)
	}
	return ids
}

// TestLegalMediaAreTaken, and what is only just not legal is not.
func TestLegalMediaAreTaken(t *testing.T) {
	of := func(first, frames int64, listed m3u8.Segment) *segment {
		m := &content{rate: 48000, sampleRate: 48000}
		for i := range int64(60) {
			at := 90000*first + 3000*i
			m.video = append(m.video, sample{pts: at, dts: at, key: i == 0, sync: i == 0})
		}
		for i := range frames {
			m.audio = append(m.audio, sample{dts: 48000*first + 1024*i})
		}
		return &segment{listed: listed, media: m, rendition: &rendition{last: &state{list: &m3u8.Media{}}}}
	}
	const whole = 94 // frames of audio in 2 s
	two := m3u8.Segment{Duration: 2 * time.Second}
	cut, rounded, wrong := two, two, two
	cut.Discontinuity = true
	rounded.Duration, rounded.WholeSeconds = 2*time.Second+400*time.Millisecond, true
	wrong.Duration = rounded.Duration
	short := func(s *segment) *segment { s.media.audio = s.media.audio[:whole/2]; return s }
	for _, test := range []struct {
		name     string
		segments []*segment
		want     []string
	}{
		{"all in step", []*segment{of(0, whole, two), of(2, whole, two), of(4, whole, two)}, nil},
		{"audio that begins late and ends early", []*segment{short(of(0, whole, two)), short(of(2, whole, two))}, nil},
		{"audio that ends before a discontinuity", []*segment{of(0, whole, two), short(of(2, whole, two)), of(9, whole, cut)}, nil},
		{"audio that ends early in between", []*segment{of(0, whole, two), short(of(2, whole, two)), of(4, whole, two)}, []string{"audio-with-video"}},
		{"whole seconds", []*segment{of(0, whole, rounded), of(2, whole, two)}, nil},
		{"no whole seconds", []*segment{of(0, whole, wrong), of(2, whole, two)}, []string{"duration-true"}},
	} {
		for i := 1; i < len(test.segments); i++ {
			test.segments[i].before = test.segments[i-1]
		}
		last := test.segments[len(test.segments)-1]
		if ids := found(func(rule *Rule, f *finder) {
			if rule.ID == "audio-with-video" || rule.ID == "duration-true" {
				rule.segment(f, last)
			}
		}); !slices.Equal(ids, test.want) {
			t.Errorf("%s: %v", test.name, ids)
		}
	}
	box := func(kind string, body ...byte) string {
		return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))) + kind + string(body)
	}
	body := box("ftyp", []byte("iso6\x00\x00\x00\x01iso6")...) + box("free", 0) + box("moov", []byte(box("mvex"))...)
	head := &resource{kind: fragmented, reply: &reply{status: http.StatusOK, body: []byte(body)}}
	packets := &resource{kind: transport, segments: true, reply: &reply{
		status: http.StatusOK, header: http.Header{"Content-Type": {"video/MP2T"}},
	}}
	if ids := found(func(rule *Rule, f *finder) {
		switch rule.ID {
		case "init-shape", "init-brand":
			rule.resource(f, head)
		case "media-type":
			rule.resource(f, packets)
		}
	}); ids != nil {
		t.Error(ids)
	}
}

// TestRecoveryPointsAreFound: open GOPs begin with a picture that can be decoded by
// itself and is no IDR; a refresh that takes some frames does not.
func TestRecoveryPointsAreFound(t *testing.T) {
	for _, test := range []struct {
		name string
		unit []byte
		want bool
	}{
		{"alone", []byte{6, 6, 1, 0xc4, 0x80}, true},
		{"behind another message", []byte{6, 5, 3, 1, 2, 3, 6, 1, 0xc4, 0x80}, true},
		{"behind a long one", slices.Concat([]byte{6, 5, 0xff, 0}, make([]byte, 255), []byte{6, 1, 0xc4, 0x80}), true},
		{"after three frames", []byte{6, 6, 1, 0x20, 0x80}, false},
		{"another message", []byte{6, 1, 1, 0xc4, 0x80}, false},
		{"no SEI", []byte{1, 6, 1, 0xc4, 0x80}, false},
		{"cut short", []byte{6, 6, 0xff}, false},
		{"nothing", nil, false},
	} {
		if got := recovers(slices.Values([][]byte{test.unit})); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
