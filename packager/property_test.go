package packager

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"ladderd/ladder"
	"ladderd/media"
)

// scene is what a property test feeds a stream with.
type scene struct {
	renditions []ladder.Rendition
	tracks     [][]delivery
	lost       []bool // by rendition: its worker died once
}

var commonRates = []media.Rate{fps(24), {Num: 24000, Den: 1001}, fps(25), fps(30), {Num: 30000, Den: 1001}, fps(50), fps(60)}

// drawSource makes a source's video: any GOPs, dropped frames, timestamps in
// milliseconds, with B-frames or without.
func drawSource(t *rapid.T, params *media.VideoParams) []media.Packet {
	end := origin + secs(rapid.Float64Range(3, 25).Draw(t, "length"))
	rate := rapid.SampledFrom(commonRates).Draw(t, "rate")
	reorder := rapid.IntRange(0, 3).Draw(t, "B-frames")
	millis := rapid.Bool().Draw(t, "milliseconds")
	drops := rapid.IntRange(0, 40).Draw(t, "dropped, in percent")
	random := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
	var out []media.Packet
	for from := origin; from < end; {
		gop := rapid.IntRange(1, 350).Draw(t, "GOP")
		to := from + media.Ticks(int64(gop)*media.Clock*int64(rate.Den)/int64(rate.Num))
		if millis {
			to = (to + 45) / 90 * 90
		}
		s := shot{rate: rate, gop: gop, reorder: reorder, millis: millis, from: from, to: to, bytes: 20}
		for i, p := range s.packets() {
			if i == 0 || i < gop && random.IntN(100) >= drops {
				out = append(out, p)
			}
		}
		from = to
	}
	out[0].Video = params
	return slices.DeleteFunc(out, func(p media.Packet) bool { return p.DTS >= end })
}

// transcoded is every nth of the source's frames in the order in which they are
// shown, counted from each IDR.
func transcoded(source []media.Packet, n int, params *media.VideoParams) []media.Packet {
	shown := slices.Clone(source)
	sort.Slice(shown, func(i, j int) bool { return shown[i].PTS < shown[j].PTS })
	var out []media.Packet
	count := 0
	for _, p := range shown {
		if p.Key {
			count = 0
		}
		if count%n == 0 {
			p.DTS, p.Video = p.PTS, nil
			out = append(out, p)
		}
		count++
	}
	out[0].Video = params
	return out
}

// kill takes away what a worker did not put out: from some time to a later IDR.
func kill(t *rapid.T, video []media.Packet, params *media.VideoParams) []media.Packet {
	from := rapid.IntRange(1, len(video)).Draw(t, "worker dies at frame")
	to := from + rapid.IntRange(1, len(video)).Draw(t, "frames until the next worker")
	for to < len(video) && !video[to].Key {
		to++
	}
	if to >= len(video) {
		return video[:from]
	}
	out := append(slices.Clone(video[:from]), video[to:]...)
	out[from].Video = params
	return out
}

// gridded is video at a rate of its own with IDRs every 2 s.
func gridded(t *rapid.T, from, to media.Ticks, params *media.VideoParams) []media.Packet {
	rate := rapid.SampledFrom(commonRates[2:4]).Draw(t, "encoded rate")
	return shot{params: params, rate: rate, gop: 2 * rate.Num / rate.Den, from: from, to: to, bytes: 20}.packets()
}

// without takes out what a dead worker left out: from a time to the first IDR
// after another.
func without(list []media.Packet, from, next media.Ticks) []media.Packet {
	next = origin + (next-origin+2*media.Clock-1)/(2*media.Clock)*(2*media.Clock)
	var out []media.Packet
	for _, p := range list {
		if p.PTS < from || p.PTS >= next {
			out = append(out, p)
		}
	}
	return out
}

func drawScene(t *rapid.T) scene {
	high, low, aac := videoParams(t, sps720), videoParams(t, sps480), audioParams(t, rapid.SampledFrom([]int{44100, 48000}).Draw(t, "Hz"))
	source := drawSource(t, high)
	end := source[len(source)-1].PTS
	sound := tone(aac, origin-media.Ticks(rapid.IntRange(0, 5000).Draw(t, "audio before")), end+5000, rapid.Bool().Draw(t, "audio in milliseconds"))
	random := rand.New(rand.NewPCG(2, rapid.Uint64().Draw(t, "jitter seed")))
	late := func() media.Ticks { return media.Ticks(random.Int64N(media.Clock / 2)) }

	sc := scene{renditions: []ladder.Rendition{rung("source", media.Rate{}, 0), rung("low", media.Rate{}, 500_000), onlyAudio(false)}, lost: make([]bool, 3)}
	video := transcoded(source, rapid.IntRange(1, 3).Draw(t, "every nth"), low)
	if rapid.Bool().Draw(t, "worker dies") {
		video, sc.lost[1] = kill(t, video, low), true
	}
	if rapid.IntRange(0, 3).Draw(t, "passed through") == 0 { // all from one worker
		sc.renditions[0].Video = ladder.Transcode
		source, video = gridded(t, origin, end, high), gridded(t, origin, end, low)
		sc.lost[1] = rapid.Bool().Draw(t, "all die")
		if sc.lost[0] = sc.lost[1]; sc.lost[0] {
			from := origin + secs(rapid.Float64Range(0.1, 30).Draw(t, "at"))
			next := from + secs(rapid.Float64Range(0.1, 15).Draw(t, "for"))
			source, video, sound = without(source, from, next), without(video, from, next), without(sound, from, next)
		}
	}
	const behind = 3001 // a worker's frames come after those that they are made of
	sc.tracks = [][]delivery{
		jitter(random, 3000, send(0, 0, source)), jitter(random, 9000, send(1, behind+late(), video)),
		jitter(random, 20000, send(0, late(), sound)), jitter(random, 20000, send(1, late(), sound)), jitter(random, 20000, send(2, late(), sound)),
	}
	return sc
}

// TestRulesHoldForAnySource is the package's main promise: whatever comes in,
// the playlists keep the rules for parts, segments are as long as the clock
// says, and equal media have equal media sequence numbers.
func TestRulesHoldForAnySource(t *testing.T) {
	for _, container := range containers {
		for _, latency := range []Latency{Low, Normal} {
			o := testOptions()
			o.Container, o.Latency = container, latency
			t.Run(fmt.Sprintf("%s %s", container, latency), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) { checkAnySource(t, o) })
			})
		}
	}
}

func checkAnySource(t *rapid.T, o Options) {
	sc := drawScene(t)
	s, err := New("st-test", sc.renditions, o)
	if err != nil {
		t.Fatal(err)
	}
	watch := newWatch(s)
	feedWatched(t, s, watch, sc.tracks)
	for _, w := range s.writers {
		if w.out.state.Load().ready() {
			verify(t, s, w) // the final playlists list no parts
		}
	}
	s.End()
	watch.look(t)
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	first, _ := demux(t, s.writers[0])
	grid := watch.grid(first)
	for i, w := range s.writers {
		if w.seg == nil {
			t.Fatalf("%s has no parts", w.spec.Name)
		}
		verify(t, s, w)
		video, audio := demux(t, w)
		checkOrder(t, video)
		checkOrder(t, audio)
		checkGrid(t, w, video, grid)
		if !sc.lost[i] && w.hasVideo() {
			checkAllThere(t, w, video, sc.tracks[i])
			checkSounds(t, w, audio, sc.tracks[i+2])
		}
	}
}

func feedWatched(t rapid.TB, s *Stream, w *watch, tracks [][]delivery) {
	var all []delivery
	for _, track := range tracks {
		all = append(all, track...)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at < all[j].at })
	for i, d := range all {
		s.Write(d.rendition, d.packet)
		if i%7 == 0 {
			w.look(t)
		}
	}
}

// watch remembers what playlists have said.
type watch struct {
	stream  *Stream
	begins  map[int64]media.Ticks // by media sequence number
	discs   map[int64]bool
	forced  map[media.Ticks]bool // segments that begin without an IDR, by their PTS
	states  map[*writer]*state
	clients map[*writer]*follower
}

func newWatch(s *Stream) *watch {
	w := &watch{stream: s, begins: map[int64]media.Ticks{}, discs: map[int64]bool{}, forced: map[media.Ticks]bool{}, states: map[*writer]*state{}, clients: map[*writer]*follower{}}
	for _, writer := range s.writers {
		w.clients[writer] = new(follower)
	}
	return w
}

// look holds what is published now against what was before, in all renditions.
func (w *watch) look(t rapid.TB) {
	for _, writer := range w.stream.writers {
		st := writer.out.state.Load()
		old := w.states[writer]
		if st == old {
			continue
		}
		w.states[writer] = st
		w.clients[writer].follow(t, writer)
		w.clients[writer].checkReports(t, w.stream)
		for _, seg := range st.all() {
			at, known := w.begins[seg.msn]
			if known && (at != seg.at || w.discs[seg.msn] != seg.discontinuity) {
				t.Fatalf("%s: segment %d begins at %d (discontinuity %v), elsewhere at %d", writer.spec.Name, seg.msn, seg.at, seg.discontinuity, at)
			}
			w.begins[seg.msn], w.discs[seg.msn] = seg.at, seg.discontinuity
			if seg.forced {
				w.forced[seg.at] = true
			}
			checkParts(t, writer, seg)
		}
		if old != nil && (st.open < old.open || st.open == old.open && st.parts < old.parts) {
			t.Fatalf("%s: went back from %d.%d to %d.%d", writer.spec.Name, old.open, old.parts, st.open, st.parts)
		}
	}
}

// checkParts wants INDEPENDENT on exactly the parts that begin with an IDR.
func checkParts(t rapid.TB, w *writer, seg *segment) {
	if !w.hasVideo() {
		return
	}
	begun := false
	for i, p := range seg.parts {
		if p.gap && p.independent || p.gap != (p.size == 0) {
			t.Fatalf("%s: part %d.%d: gap %v, independent %v, %d bytes", w.spec.Name, seg.msn, i, p.gap, p.independent, p.size)
		}
		if !begun && !p.gap && !p.independent && !seg.forced {
			t.Fatalf("%s: segment %d begins without an IDR", w.spec.Name, seg.msn)
		}
		begun = begun || !p.gap
	}
}

// checkAllThere wants every packet of the video once, in order.
func checkAllThere(t rapid.TB, w *writer, got demuxed, track []delivery) {
	if len(got.packets) != len(track) {
		t.Fatalf("%s: %d frames of %d", w.spec.Name, len(got.packets), len(track))
	}
	for i, got := range got.packets {
		if want := track[i].packet; got.PTS != want.PTS || got.DTS != want.DTS || got.Key != want.Key {
			t.Fatalf("%s: frame %d at %d/%d, want %d/%d", w.spec.Name, i, got.PTS, got.DTS, want.PTS, want.DTS)
		}
	}
}

// checkSounds wants the audio from the first picture on, up to the last part.
func checkSounds(t rapid.TB, w *writer, got demuxed, track []delivery) {
	var want []media.Packet
	for _, d := range track {
		if d.packet.PTS >= w.clock.marks[0].at && d.packet.PTS < w.end+audioOverlap {
			want = append(want, d.packet)
		}
	}
	checkSound(t, w.audio.params, want, got)
}

// grid is where a rendition may have an IDR: where the first one has, and where a
// segment begins without one, as those of endless GOPs do.
func (w *watch) grid(first demuxed) map[media.Ticks]bool {
	grid := maps.Clone(w.forced)
	for _, p := range first.packets {
		grid[p.PTS] = grid[p.PTS] || p.Key
	}
	return grid
}

// checkGrid wants IDRs on the grid only, in holes too.
func checkGrid(t rapid.TB, w *writer, got demuxed, grid map[media.Ticks]bool) {
	for _, p := range got.packets {
		if w.hasVideo() && p.Key && !grid[p.PTS] {
			t.Fatalf("%s has an IDR off the grid, at %d", w.spec.Name, p.PTS)
		}
	}
}

// checkOrder wants no sample to begin before the last one ended.
func checkOrder(t rapid.TB, track demuxed) {
	for i, p := range track.packets[min(1, len(track.packets)):] {
		if before := track.packets[i]; p.DTS <= before.DTS {
			t.Fatalf("sample %d at %d follows on %d", i+1, p.DTS, before.DTS)
		}
		if int64(p.DTS) < track.ends[i] {
			t.Fatalf("sample %d begins at %d, the one before ends at %d", i+1, p.DTS, track.ends[i])
		}
	}
}
