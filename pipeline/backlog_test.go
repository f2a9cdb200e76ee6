package pipeline

import (
	"slices"
	"testing"

	"ladderd/media"
)

const second = media.Clock

// gop is one second of a source: five pictures, the first an IDR, with an audio
// frame behind each.
func gop(at media.Ticks) (out []media.Packet) {
	for i := range media.Ticks(5) {
		pts := at + i*second/5
		out = append(out, video(pts, i == 0), audio(pts+100))
	}
	return out
}

func pushAll(t *testing.T, b *backlog, ps []media.Packet) {
	t.Helper()
	for _, p := range ps {
		if !b.push(p) {
			t.Fatalf("no room for the packet at %d", p.PTS)
		}
	}
}

// sendAll takes what the worker would be sent.
func sendAll(b *backlog) (sent []media.Packet) {
	for p, ok := b.head(); ok; p, ok = b.head() {
		sent = append(sent, p)
		b.sent()
	}
	return sent
}

func firstVideo(ps []media.Packet) media.Packet {
	if i := slices.IndexFunc(ps, func(p media.Packet) bool { return p.Kind == media.Video }); i >= 0 {
		return ps[i]
	}
	return media.Packet{PTS: -1}
}

var (
	everyIDR = Job{Backend: Backend{Encoder: X264}, Video: testVideo, Audio: &testAudio, Videos: make([]VideoOutput, 2), Audios: make([]AudioOutput, 1), After: -1}
	periodic = Job{Backend: Backend{Encoder: X264}, Video: testVideo, Videos: make([]VideoOutput, 2), Grid: Grid{Period: 2 * second}, After: -1}
)

func TestReplayBeginsWhereTheReplacementCanUseIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		job   Job
		after media.Ticks // put out when the worker died
		want  media.Ticks // first video that is replayed, -1 for none
	}{
		{"source grid, nothing out", everyIDR, -1, second},
		{"source grid, an IDR is queued past what is out", everyIDR, 2*second - 1, 2 * second},
		{"source grid, last IDR is out", everyIDR, 3 * second, -1},
		{"2 s grid, nothing out", periodic, -1, second},
		{"2 s grid, from the keyframe before", periodic, 2*second + 1, 2 * second},
		{"2 s grid, last keyframe is out", periodic, 3*second + 1, 3 * second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBacklog(c.job, Limits{}.withDefaults())
			pushAll(t, b, slices.Concat(gop(second), gop(2*second), gop(3*second)))
			if n := len(sendAll(b)); n != 30 {
				t.Fatalf("the first worker was sent %d packets", n)
			}
			b.rewind(c.after, c.after)
			again := sendAll(b)
			if got := firstVideo(again).PTS; got != c.want {
				t.Errorf("video replayed from %d, want %d", got, c.want)
			}
			if !slices.ContainsFunc(again, func(p media.Packet) bool { return p.Kind == media.Audio }) {
				t.Error("no audio was replayed")
			}
			pushAll(t, b, gop(4*second))
			if next := firstVideo(sendAll(b)); next.PTS != 4*second {
				t.Errorf("went on with %d", next.PTS)
			}
		})
	}
}

func TestVideoWaitsForAKeyframe(t *testing.T) {
	b := newBacklog(periodic, Limits{}.withDefaults())
	pushAll(t, b, gop(second)[2:])
	for _, p := range sendAll(b) {
		if p.Kind == media.Video {
			t.Errorf("video at %d was sent before any keyframe", p.PTS)
		}
	}
	pushAll(t, b, gop(2*second))
	if p := firstVideo(sendAll(b)); p.PTS != 2*second || p.Video == nil {
		t.Errorf("began at %d with parameters %v", p.PTS, p.Video)
	}
}

func TestReplacementIsToldTheParametersThatHold(t *testing.T) {
	changed := testVideo
	changed.PPS = []byte{0x68, 0xef}
	src := slices.Concat(gop(second), gop(2*second), gop(3*second))
	src[10].Video = &changed
	b := newBacklog(everyIDR, Limits{}.withDefaults())
	pushAll(t, b, src)
	sendAll(b)
	if held := b.rewind(second, second); !held.video.Same(&changed) || held.audio != &testAudio {
		t.Errorf("replay from the change is told %+v", held)
	}
	b.trim(3*second, 3*second)
	if held := b.rewind(3*second-1, 3*second-1); !held.video.Same(&changed) {
		t.Errorf("replay past the change is told %+v", held)
	}
	if p := firstVideo(sendAll(b)); p.PTS != 3*second || !p.Video.Same(&changed) {
		t.Errorf("first packet at %d carries %+v", p.PTS, p.Video)
	}
	if held := b.rewind(4*second, 4*second); !held.video.Same(&changed) {
		t.Errorf("with nothing to replay it is told %+v", held)
	}
}

func TestBacklogIsBounded(t *testing.T) {
	long := func(job Job, l Limits) *backlog {
		b := newBacklog(job, l.withDefaults())
		for i := range media.Ticks(60) {
			pushAll(t, b, gop(i*second))
			sendAll(b)
			b.trim(i*second, i*second)
		}
		return b
	}
	if b := long(periodic, Limits{}); len(b.packets) > 20 {
		t.Errorf("%d packets are kept though all is out", len(b.packets))
	}
	b := newBacklog(periodic, Limits{Replay: 1000}.withDefaults())
	pushAll(t, b, gop(second))
	sendAll(b)
	if b.sentBytes > 1000 {
		t.Errorf("%d bytes are kept", b.sentBytes)
	}
	b.rewind(-1, -1)
	if p := firstVideo(sendAll(b)); p.PTS != -1 {
		t.Errorf("a replay begins at %d without its keyframe", p.PTS)
	}
	idle := newBacklog(periodic, Limits{Replay: 1000}.withDefaults())
	for i := range media.Ticks(100) {
		pushAll(t, idle, gop(i * second)[2:])
		sendAll(idle)
	}
	if len(idle.packets) > 10 {
		t.Errorf("%d packets of a source without keyframes are kept", len(idle.packets))
	}
	audioOnly := long(Job{Backend: Backend{Encoder: X264}, Video: testVideo, Audio: &testAudio, Audios: make([]AudioOutput, 1)}, Limits{})
	if len(audioOnly.packets) > 20 {
		t.Errorf("%d packets are kept of a job without video", len(audioOnly.packets))
	}
}

func TestCutKeepsTheNewestKeyframe(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		first  media.Ticks // the first video sent after the cut, -1 for none
	}{
		{"by packets", Limits{Packets: 25}, 3 * second},
		{"by bytes", Limits{Bytes: 25 * 132}, 3 * second},
		{"by span", Limits{Span: 2 * second}, 3 * second},
		{"a GOP that does not fit", Limits{Packets: 4}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBacklog(periodic, c.limits.withDefaults())
			lost, cuts := 0, 0
			for _, p := range slices.Concat(gop(second), gop(2*second), gop(3*second)) {
				if !b.push(p) {
					lost += b.cut()
					cuts++
				}
			}
			if cuts == 0 || !b.fits() {
				t.Fatalf("%d cuts, fits: %v", cuts, b.fits())
			}
			b.rewind(-1, -1)
			if p := firstVideo(sendAll(b)); p.PTS != c.first {
				t.Errorf("goes on at %d, want %d; %d lost", p.PTS, c.first, lost)
			}
		})
	}
}

// Audio encoders hold frames back: what is out of the sound ends before what is out of
// the pictures, and before the keyframe from which pictures are made anew.
func TestReplayHasTheSoundThatIsNotOut(t *testing.T) {
	b := newBacklog(everyIDR, Limits{}.withDefaults())
	pushAll(t, b, slices.Concat(gop(0), gop(second)))
	sendAll(b)
	const heard = second - second/5
	b.rewind(second, heard)
	for _, p := range sendAll(b) {
		if p.Kind == media.Audio {
			if p.PTS > heard+100 { // where the next frame is
				t.Errorf("the replayed sound begins at %d, %d is out", p.PTS, heard)
			}
			return
		}
	}
	t.Error("no sound is replayed")
}
