package packager

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"ladderd/ladder"
	"ladderd/media"
)

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name       string
		renditions []ladder.Rendition
		options    Options
		err        string
	}{
		{"no renditions", nil, Options{}, "no renditions"},
		{"no tracks", []ladder.Rendition{{Name: "x"}}, Options{}, "rendition x has no tracks"},
		{"a name twice", []ladder.Rendition{onlyAudio(true), onlyAudio(false)}, Options{}, "two renditions are called audio_only"},
		{"short parts", []ladder.Rendition{onlyAudio(true)}, Options{Part: secs(0.1)}, "part duration 100ms"},
		{"long parts", []ladder.Rendition{onlyAudio(true)}, Options{Part: secs(2)}, "part duration 2s"},
		{"a container", []ladder.Rendition{onlyAudio(true)}, Options{Container: "MKV"}, `unknown container "MKV"`},
		{"a latency mode", []ladder.Rendition{onlyAudio(true)}, Options{Latency: "ULTRA"}, `unknown latency mode "ULTRA"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New("st-test", c.renditions, c.options); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestPartTarget(t *testing.T) {
	all := make([]ladder.Rendition, len(commonRates))
	for i, r := range commonRates {
		all[i].Rate = r
	}
	for _, c := range []struct {
		name       string
		wanted     float64
		renditions []ladder.Rendition
		want       float64
	}{
		{"333 ms at 23.976 to 60 fps", 0.333, []ladder.Rendition{all[0], all[1], all[3], all[4], all[6]}, 0.334},
		{"333 ms at 25 fps: nine frames, as eight leave a rest of two", 0.333, all[2:3], 0.36},
		{"333 ms at 50 fps: seventeen frames", 0.333, all[5:6], 0.34},
		{"333 ms at all rates", 0.333, all, 0.36},
		{"333 ms at no known rate", 0.333, []ladder.Rendition{{}}, 0.334},
		{"200 ms at 30 fps", 0.2, []ladder.Rendition{{Rate: fps(30)}}, 0.201},
		{"200 ms at 24 fps: six frames, as five leave a rest of three", 0.2, []ladder.Rendition{{Rate: fps(24)}}, 0.25},
		{"1 s at 23.976 fps", 1, []ladder.Rendition{{Rate: media.Rate{Num: 24000, Den: 1001}}}, 1.001},
		{"200 ms at 1 fps: none fits", 0.2, []ladder.Rendition{{Rate: fps(1)}}, 0.201},
	} {
		if got := PartTarget(secs(c.wanted), c.renditions); got != secs(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got.Seconds(), c.want)
		}
	}
}

// twoRungs is a stream with a source and a transcoded rendition, without sound.
func twoRungs(t *testing.T) (*Stream, shot, shot) {
	t.Helper()
	s := newStream(t, testOptions(), silent(rung("720p30", fps(30), 0)), silent(rung("480p30", fps(30), 1_500_000)))
	high := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(8)}
	low := high
	low.params = videoParams(t, sps480)
	return s, high, low
}

func TestDeadRenditionHoldsNobodyUpForLong(t *testing.T) {
	s, high, low := twoRungs(t)
	all := high.packets()
	for _, p := range all {
		if p.DTS >= secs(2.9) {
			break
		}
		s.Write(0, p)
	}
	if _, err := s.Multivariant("", false); !errors.Is(err, ErrNotReady) {
		t.Fatalf("ready without the second rendition after 1.9 s: %v", err)
	}
	feed(s, send(0, 0, all))
	doc, err := s.Multivariant("", false)
	if err != nil || bytes.Contains(doc.Body, []byte("480p30")) {
		t.Fatalf("after 7 s: %v\n%s", err, doc.Body)
	}
	feed(s, send(1, 0, low.packets()))
	if doc, err = s.Multivariant("", false); err != nil || !bytes.Contains(doc.Body, []byte("480p30/index.m3u8")) {
		t.Errorf("when it has come: %v\n%s", err, doc.Body)
	}
}

func TestRenditionThatBeginsLateJoinsAtItsSegment(t *testing.T) {
	s, high, low := twoRungs(t)
	low.from = secs(4.5) // no segment begins here
	feed(s, send(0, 0, high.packets()), send(1, 0, low.packets()))
	if s.writers[1].seg != nil {
		t.Fatal("began in the middle of a segment")
	}
	low.from = secs(5)
	feed(s, send(1, secs(0.5), low.packets()))
	st := s.writers[1].out.state.Load()
	if first := st.segments[0]; first.msn != 2 || first.at != secs(5) {
		t.Errorf("began with segment %d at %d", first.msn, first.at)
	}
	verify(t, s, s.writers[1])
}

func TestHoleLongerThanTheClockRemembers(t *testing.T) {
	o := testOptions()
	o.Window = secs(6)
	s := newStream(t, o, silent(rung("720p30", fps(30), 0)), silent(rung("480p30", fps(30), 1_500_000)))
	high := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(90)}
	low, back := high, high
	low.to, back.from = secs(4), secs(81)
	feed(s, send(0, 0, high.packets()), send(1, 0, low.packets(), back.packets()))
	st := s.writers[1].out.state.Load()
	if back := st.segment(40); st.segment(1) != nil || back == nil || back.at != secs(81) || back.gap() || st.segment(39).gap() {
		t.Errorf("begins with segment %d, goes on with %v", st.segments[0].msn, back)
	}
	verify(t, s, s.writers[1])
}

func TestPartsWaitForTheAudio(t *testing.T) {
	s := newStream(t, testOptions(), rung("720p30", fps(30), 0))
	aac := audioParams(t, 48000)
	video := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(2)}
	feed(s, send(0, 0, video.packets()), send(0, 0, tone(aac, origin, secs(1.6), false)))
	st := s.writers[0].out.state.Load()
	if st.parts != 1 {
		t.Fatalf("%d parts with 0.6 s of audio", st.parts)
	}
	feed(s, send(0, 0, tone(aac, secs(1.6), secs(2), false)))
	if st = s.writers[0].out.state.Load(); st.parts != 2 {
		t.Errorf("%d parts with 1 s of audio", st.parts)
	}
}

func TestAudioThatNeverComesIsNotWaitedForForEver(t *testing.T) {
	s := newStream(t, testOptions(), rung("720p30", fps(30), 0))
	aac := audioParams(t, 48000)
	video := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(10)}
	feed(s, send(0, 0, video.packets()), send(0, 0, tone(aac, secs(6.5), secs(10), false)))
	list := playlists(t, s)
	for _, want := range []string{`CODECS="avc1.64001f,mp4a.40.2"`, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init1.mp4\""} {
		if !strings.Contains(list, want) {
			t.Errorf("no %s in\n%s", want, list)
		}
	}
	if s.writers[0].out.state.Load().segments[0].init.audio != nil {
		t.Error("the first init section has audio")
	}
}

func TestAudioParametersThatChangeBeginADiscontinuityInAllRenditions(t *testing.T) {
	s := newStream(t, testOptions(), rung("720p30", fps(30), 0), rung("480p30", fps(30), 1_500_000), onlyAudio(false))
	first, second := audioParams(t, 48000), audioParams(t, 44100)
	high := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(10)}
	low := high
	low.params = videoParams(t, sps480)
	sound := append(tone(first, origin, secs(4.2), false), tone(second, secs(4.2), secs(10), false)...)
	feed(s, send(0, 0, high.packets()), send(1, secs(0.4), low.packets()), send(0, 0, sound), send(1, 0, sound), send(2, 0, sound))
	for _, w := range s.writers {
		for _, seg := range w.out.state.Load().all() {
			want, rate := seg.msn == 2, 48000
			if seg.msn >= 2 {
				rate = 44100
			}
			if seg.discontinuity != want || seg.init.audio.SampleRate != rate {
				t.Errorf("%s %d: discontinuity %v, %d Hz", w.spec.Name, seg.msn, seg.discontinuity, seg.init.audio.SampleRate)
			}
		}
		verify(t, s, w)
	}
}

// TestWorkerWithOtherParametersWithinASegment has the parameters of one
// rendition change at an IDR that begins no segment, as the first has decided:
// that rendition goes on at the next segment.
func TestWorkerWithOtherParametersWithinASegment(t *testing.T) {
	s, high, low := twoRungs(t)
	high.gop, low.gop = 15, 15 // every other IDR begins a segment
	before := low
	before.to = secs(3.5)
	after := low
	after.from, after.params = secs(3.5), high.params
	feed(s, send(0, 0, high.packets()), send(1, secs(0.1), before.packets(), after.packets()))
	verify(t, s, s.writers[1])
	st := s.writers[1].out.state.Load()
	cut, next := st.segment(2), st.segment(3)
	if cut.init == next.init || next.discontinuity {
		t.Errorf("the same init section %v, discontinuity %v", cut.init == next.init, next.discontinuity)
	}
	if last := cut.parts[len(cut.parts)-1]; last.gap || last.independent || !next.parts[0].independent {
		t.Errorf("the segment ends with a gap %v, or a picture of its own %v; the next one begins with an IDR %v",
			last.gap, last.independent, next.parts[0].independent)
	}
}

func TestAnnouncedBitRateStandsUntilOneIsMeasured(t *testing.T) {
	o := testOptions()
	o.SourceBitrate = 6_000_000
	s := newStream(t, o, silent(rung("720p30", fps(30), 0)))
	source := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(6)}.packets()
	for _, c := range []struct {
		name      string
		packets   []media.Packet
		announced bool
	}{{"in the first segment", source[:45], true}, {"with one measured", source[45:], false}} {
		feed(s, send(0, 0, c.packets))
		doc, err := s.Multivariant("", false)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(doc.Body, []byte(":BANDWIDTH=6020000,")); got != c.announced {
			t.Errorf("%s: %s", c.name, doc.Body)
		}
	}
}

func TestMeterFindsThePeak(t *testing.T) {
	of := func(seconds float64, bits int64) *segment {
		return &segment{bytes: bits / 8, dur: secs(seconds), parts: []piece{{}}}
	}
	for _, c := range []struct {
		name     string
		segments []*segment
		want     int64
	}{
		{"one segment", []*segment{of(2, 4_000_000)}, 2_000_000},
		{"a short one does not count alone", []*segment{of(2, 4_000_000), of(0.1, 4_000_000)}, 3_809_524},
		{"two at once", []*segment{of(1, 1_000_000), of(1, 3_000_000), of(1, 5_000_000)}, 5_000_000},
		{"none yet", []*segment{of(0.5, 9_000_000)}, 0},
		{"not over a gap", []*segment{of(0.9, 9_000_000), {dur: secs(2), parts: []piece{{gap: true}}}, of(0.9, 9_000_000)}, 0},
	} {
		var m meter
		for _, s := range c.segments {
			m.add(s, secs(2))
		}
		if m.peak != c.want {
			t.Errorf("%s: %d, want %d", c.name, m.peak, c.want)
		}
	}
}

// TestViewersReadWhileTheStreamIsWritten is for the race detector, and wants
// each viewer to get every part.
func TestViewersReadWhileTheStreamIsWritten(t *testing.T) {
	s, r, more := live(t, 1.4)
	var viewers sync.WaitGroup
	for range 8 {
		viewers.Go(func() {
			for msn, index := int64(0), 0; msn < 3; {
				name := r.format.partName(msn, index)
				_, err := r.Media(t.Context(), name)
				if errors.Is(err, ErrNotFound) && index == 6 {
					msn, index = msn+1, 0
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if _, err := r.Playlist(t.Context(), Query{MSN: msn, Part: int64(index)}); err != nil {
					t.Errorf("playlist with %s: %v", name, err)
				}
				if _, err := s.Multivariant("v/", true); err != nil {
					t.Error(err)
				}
				index++
			}
		})
	}
	for to := 1.5; to < 9; to += 0.1 {
		more(to)
	}
	s.End()
	viewers.Wait()
}

// TestWorkerWithOtherParametersAfterAHole has a worker die, and another one with another
// encoder go on at the beginning of a segment.
func TestWorkerWithOtherParametersAfterAHole(t *testing.T) {
	const died, resumed, again = 3.5, 7, 3
	for _, c := range []struct {
		name   string
		passed bool // a rendition passes the source through, whose segments are listed already
	}{{"in all renditions at once", false}, {"beside the source's own", true}} {
		t.Run(c.name, func(t *testing.T) {
			var renditions []ladder.Rendition
			if c.passed {
				renditions = append(renditions, silent(rung("720p30", fps(30), 0)))
			}
			made := len(renditions)
			renditions = append(renditions, silent(rung("540p30", fps(30), 2_000_000)), silent(rung("480p30", fps(30), 1_500_000)), onlyAudio(false))
			s := newStream(t, testOptions(), renditions...)
			before := shot{params: videoParams(t, sps480), rate: fps(30), gop: 60, from: origin, to: secs(10)}
			aac := audioParams(t, 48000)
			tracks := [][]delivery{send(len(renditions)-1, 0, tone(aac, origin, secs(10), false))}
			if c.passed {
				tracks = append(tracks, send(0, 0, before.packets()))
			}
			after := before
			other := *before.params
			other.PPS = append(append([]byte{}, other.PPS...), 0x80)
			before.to, after.from, after.params = secs(died), secs(resumed), &other
			for r := made; r < made+2; r++ {
				tracks = append(tracks, send(r, secs(0.2)*media.Ticks(r), before.packets(), after.packets()))
			}
			feed(s, tracks...)
			for i, w := range s.writers {
				verify(t, s, w)
				want := []int64{0} // segments with another init section than the one before
				if i >= made && i < made+2 {
					want = append(want, again)
				}
				var got []int64
				var last *initSection
				for _, seg := range w.out.state.Load().all() {
					if seg.init != last {
						got = append(got, seg.msn)
						last = seg.init
					}
					if seg.gap() || seg.discontinuity != (seg.msn == again && !c.passed) {
						t.Errorf("%s %d: gap %v, discontinuity %v", w.spec.Name, seg.msn, seg.gap(), seg.discontinuity)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: other init sections in segments %v, want %v", w.spec.Name, got, want)
				}
			}
		})
	}
}
