package packager

import (
	"bytes"
	"context"
	"math"
	"strings"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"
	hls "github.com/bluenviron/gohlslib/v2/pkg/playlist"

	"pgregory.net/rapid"

	"ladderd/ladder"
	"ladderd/media"
)

// verify reads a rendition's playlist with two parsers that are not ours, and
// holds it to the rules for parts, segments and dates.
func verify(t rapid.TB, s *Stream, w *writer) {
	t.Helper()
	doc, err := w.out.Playlist(context.Background(), Plain)
	if err != nil {
		t.Fatalf("%s: %v", w.spec.Name, err)
	}
	if !bytes.Contains(doc.Body, []byte("#EXTINF")) {
		return // neither parser knows playlists that hold only parts
	}
	verifyByEyevinn(t, doc.Body)
	var list hls.Media
	if err := list.Unmarshal(doc.Body); err != nil {
		t.Fatalf("%s: %v\n%s", w.spec.Name, err, doc.Body)
	}
	verifySegments(t, w, &list)
	if w.opts.Latency == Normal {
		verifyPlain(t, w, doc.Body)
		return
	}
	verifyParts(t, s, w, &list)
}

// verifyPlain wants nothing that tells of parts.
func verifyPlain(t rapid.TB, w *writer, body []byte) {
	t.Helper()
	for _, tag := range []string{"EXT-X-PART", "PART-", "PRELOAD-HINT"} {
		if bytes.Contains(body, []byte(tag)) {
			t.Errorf("%s: %s in\n%s", w.spec.Name, tag, body)
		}
	}
}

// verifySegments holds the segments to the rules for them and to the clock.
func verifySegments(t rapid.TB, w *writer, list *hls.Media) {
	t.Helper()
	for i, seg := range list.Segments {
		msn := int64(list.MediaSequence + i)
		own := w.out.state.Load().segment(msn)
		if toTicks(seg.Duration) != own.dur {
			t.Errorf("%s %d: EXTINF %v, want %v ticks", w.spec.Name, msn, seg.Duration, own.dur)
		}
		if math.Round(seg.Duration.Seconds()) > float64(list.TargetDuration) {
			t.Errorf("%s %d: EXTINF %v exceeds target duration %d", w.spec.Name, msn, seg.Duration, list.TargetDuration)
		}
		if next := w.out.state.Load().segment(msn + 1); next != nil && own.at+own.dur != next.at {
			t.Errorf("%s %d: lasts from %d to %d, the next begins at %d", w.spec.Name, msn, own.at, own.at+own.dur, next.at)
		}
		if date := started.Add((own.at - origin).Duration()).Truncate(time.Millisecond); seg.DateTime == nil || !seg.DateTime.Equal(date) {
			t.Errorf("%s %d: date %v, want %v", w.spec.Name, msn, seg.DateTime, date)
		}
	}
}

func verifyParts(t rapid.TB, s *Stream, w *writer, list *hls.Media) {
	t.Helper()
	target := toTicks(list.PartInf.PartTarget)
	if want := PartTarget(DefaultPart, []ladder.Rendition{w.spec}); target != want && len(s.writers) == 1 {
		t.Errorf("PART-TARGET %v, want %v", target, want)
	}
	for i, seg := range list.Segments {
		sum := media.Ticks(0)
		for k, p := range seg.Parts {
			sum += toTicks(p.Duration)
			last := k == len(seg.Parts)-1 || seg.Parts[k+1].Gap
			verifyPart(t, w.spec.Name, p, target, last)
		}
		if whole := toTicks(seg.Duration); len(seg.Parts) > 0 && sum != whole {
			t.Errorf("%s %d: parts last %d ticks, the segment %d", w.spec.Name, list.MediaSequence+i, sum, whole)
		}
	}
	for _, p := range list.Parts {
		verifyPart(t, w.spec.Name, p, target, false)
	}
	if (list.PreloadHint == nil) != list.Endlist {
		t.Errorf("%s: preload hint %v, ended %v", w.spec.Name, list.PreloadHint, list.Endlist)
	}
}

func verifyPart(t rapid.TB, name string, p *hls.MediaPart, target media.Ticks, last bool) {
	t.Helper()
	dur := toTicks(p.Duration)
	if dur <= 0 || dur > target {
		t.Errorf("%s: part %s lasts %d ticks, target %d", name, p.URI, dur, target)
	}
	if dur < partFloor(target) && !last && !p.Gap {
		t.Errorf("%s: part %s lasts %d ticks, which is less than 85 %% of %d", name, p.URI, dur, target)
	}
	if p.Independent && p.Gap {
		t.Errorf("%s: part %s is both independent and a gap", name, p.URI)
	}
	if strings.Contains(p.URI, ".0.") && !p.Independent && !p.Gap {
		t.Logf("%s: part %s begins a segment without an IDR", name, p.URI)
	}
}

// verifyByEyevinn leaves out what that parser refuses: parts before the first
// whole segment, as playlists of young streams have them.
func verifyByEyevinn(t rapid.TB, body []byte) {
	t.Helper()
	if bytes.Index(body, []byte("#EXT-X-PART:")) < bytes.Index(body, []byte("#EXTINF")) {
		return
	}
	list, kind, err := m3u8.DecodeFrom(bytes.NewReader(body), true)
	if err != nil || kind != m3u8.MEDIA {
		t.Fatalf("playlist of kind %v: %v\n%s", kind, err, body)
	}
	media := list.(*m3u8.MediaPlaylist)
	if n := bytes.Count(body, []byte("#EXTINF")); media.Count() != uint(n) {
		t.Errorf("%d segments, want %d, in\n%s", media.Count(), n, body)
	}
	if n := bytes.Count(body, []byte("#EXT-X-PART:")); n > 0 && len(media.PartialSegments) == 0 {
		t.Errorf("none of %d parts in\n%s", n, body)
	}
}

// verifyMultivariant has both parsers read the multivariant playlist.
func verifyMultivariant(t rapid.TB, s *Stream) {
	t.Helper()
	doc, err := s.Multivariant("v/", true)
	if err != nil {
		t.Fatal(err)
	}
	list, kind, err := m3u8.DecodeFrom(bytes.NewReader(doc.Body), true)
	if err != nil || kind != m3u8.MASTER {
		t.Fatalf("playlist of kind %v: %v\n%s", kind, err, doc.Body)
	}
	var other hls.Multivariant
	if err := other.Unmarshal(doc.Body); err != nil {
		t.Fatalf("%v\n%s", err, doc.Body)
	}
	for i, v := range list.(*m3u8.MasterPlaylist).Variants {
		name := s.writers[i].spec.Name
		if v.URI != "v/"+name+"/index.m3u8" || other.Variants[i].URI != v.URI || v.Video != name || other.Variants[i].Video != name {
			t.Errorf("variant %d is %s (%s), want %s", i, v.URI, v.Video, name)
		}
		if int(v.Bandwidth) != other.Variants[i].Bandwidth || v.AverageBandwidth > v.Bandwidth || v.AverageBandwidth == 0 {
			t.Errorf("%s: bandwidth %d, average %d", name, v.Bandwidth, v.AverageBandwidth)
		}
	}
}

func toTicks(d time.Duration) media.Ticks { return media.FromDuration(d) }
