package ts

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"ladderd/ingest/avc"
	"ladderd/media"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// Parameter sets by x264: 320×180 and 640×360.
var (
	sps180 = unhex("6742c00dda05067e7c0440000003004000000f03c50aa8")
	sps360 = unhex("6742c01eda0280bfe5c044000003000400000300f03c58ba80")
	pps0   = unhex("68ce0fc8")
	sei    = []byte("\x06\x05\x04user\x80")
)

// Times of the broadcasts, in ticks: 30 frames a second, and AAC of 48 kHz.
const (
	begin  = 10 * media.Clock
	period = media.Clock / 30
	frame  = 1024 * media.Clock / 48000
)

// broadcast is a transport stream by mediacommon's writer, and the packets that are to
// come of it.
type broadcast struct {
	stream []byte
	want   []media.Packet
}

// shape is what a broadcast can be made of.
type shape struct {
	pictures int
	offset   int64 // of all times
	size     int   // bytes of a picture, about
	perPES   int   // frames of audio in a PES packet
	change   bool  // another size of picture from the second IDR on
}

// make writes pictures with an IDR every 10 and PTS that are not in order, and audio.
func (s shape) make(t testing.TB) broadcast {
	t.Helper()
	var b bytes.Buffer
	video := &mpegts.Track{Codec: &codecs.H264{}}
	sound := &codecs.MPEG4Audio{}
	sound.Type, sound.SampleRate, sound.ChannelConfig = mpeg4audio.ObjectTypeAACLC, 48000, 2
	audio := &mpegts.Track{Codec: sound}
	w := &mpegts.Writer{W: &b, Tracks: []*mpegts.Track{video, audio}}
	must(t, w.Initialize())
	random := rand.New(rand.NewPCG(1, 2))
	var want []media.Packet
	sounds := 0
	for n := range s.pictures {
		dts := begin + s.offset + int64(n)*period
		pts := dts + int64(n%3)*period
		key, sps := n%10 == 0, sps180
		if s.change && n >= 10 {
			sps = sps360
		}
		slice := noise(random, 0x41, s.size+random.IntN(s.size))
		p := media.Packet{Kind: media.Video, DTS: media.Ticks(dts), PTS: media.Ticks(pts), Key: key}
		if key {
			slice[0] = 0x65
			if n == 0 || s.change && n == 10 {
				p.Video, _ = media.NewVideoParams(sps, pps0)
			}
			must(t, w.WriteH264(video, pts, dts, [][]byte{sps, pps0, sei, slice}))
			p.Data = media.AppendNAL(media.AppendNAL(nil, sei), slice)
		} else {
			must(t, w.WriteH264(video, pts, dts, [][]byte{slice}))
			p.Data = media.AppendNAL(nil, slice)
		}
		want = append(want, p)
		for int64(sounds)*frame < int64(n+1)*period {
			first := begin + s.offset + int64(sounds)*frame
			var frames [][]byte
			for i := range s.perPES {
				f := noise(random, 0x21, 100+random.IntN(300))
				frames = append(frames, f)
				at := media.Ticks(first + int64(i)*frame)
				a := media.Packet{Kind: media.Audio, PTS: at, DTS: at, Data: f}
				if sounds == 0 && i == 0 {
					a.Audio, _ = media.NewAACLC(48000, 2)
				}
				want = append(want, a)
			}
			must(t, w.WriteMPEG4Audio(audio, first, frames))
			sounds += s.perPES
		}
	}
	return broadcast{b.Bytes(), want}
}

// noise is bytes without a start code or a sync word in them, behind first.
func noise(random *rand.Rand, first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + random.IntN(254))
	}
	b[0] = first
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read gives the demuxer chunks of so many bytes and the packets that come of them.
func read(t testing.TB, stream []byte, chunk int) ([]media.Packet, *Demuxer) {
	t.Helper()
	var got []media.Packet
	d := NewDemuxer(func(p media.Packet) error {
		got = append(got, p)
		return nil
	})
	for c := range slices.Chunk(stream, chunk) {
		must(t, d.Write(c))
	}
	must(t, d.End())
	return got, d
}

// tracks sorts packets into video and audio.
func tracks(packets []media.Packet) (video, audio []media.Packet) {
	for _, p := range packets {
		if p.Kind == media.Video {
			video = append(video, p)
		} else {
			audio = append(audio, p)
		}
	}
	return video, audio
}

func text(p media.Packet) string {
	s := fmt.Sprintf("%v pts %d dts %d key %t data %d: %.20x", p.Kind, p.PTS, p.DTS, p.Key, len(p.Data), p.Data)
	if p.Video != nil {
		s += fmt.Sprintf(" %d×%d", p.Video.Width, p.Video.Height)
	}
	if p.Audio != nil {
		s += fmt.Sprintf(" %d Hz %d", p.Audio.SampleRate, p.Audio.Channels)
	}
	return s
}

// wantAll wants all of a broadcast.
func wantAll(t *testing.T, got, want []media.Packet) {
	t.Helper()
	gotVideo, gotAudio := tracks(got)
	wantVideo, wantAudio := tracks(want)
	for _, c := range []struct{ got, want []media.Packet }{{gotVideo, wantVideo}, {gotAudio, wantAudio}} {
		if len(c.got) != len(c.want) {
			t.Fatalf("%d packets of %v, want %d", len(c.got), c.want[0].Kind, len(c.want))
		}
		for i := range c.want {
			if text(c.got[i]) != text(c.want[i]) || !bytes.Equal(c.got[i].Data, c.want[i].Data) {
				t.Fatalf("packet %d: got %s, want %s", i, text(c.got[i]), text(c.want[i]))
			}
		}
	}
}

func TestStreamBecomesPackets(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape shape
	}{
		{"pictures out of order", shape{pictures: 30, size: 1500, perPES: 1}},
		{"small pictures", shape{pictures: 30, size: 30, perPES: 1}},
		{"pictures larger than a PES length", shape{pictures: 12, size: 90_000, perPES: 1}},
		{"several frames of audio in a PES packet", shape{pictures: 30, size: 500, perPES: 5}},
		{"times wrap", shape{pictures: 30, size: 500, perPES: 2, offset: wrap - begin - 5*period}},
		{"another resolution", shape{pictures: 30, size: 500, perPES: 1, change: true}},
	} {
		for _, chunk := range []int{1316, 188, 1000, 1, 1 << 20} {
			t.Run(fmt.Sprintf("%s, %d bytes at once", c.name, chunk), func(t *testing.T) {
				b := c.shape.make(t)
				got, d := read(t, b.stream, chunk)
				wantAll(t, got, b.want)
				if d.Counts() != (Counts{}) {
					t.Errorf("counts %+v of a clean stream", d.Counts())
				}
			})
		}
	}
}

// TestBytesReceivedCountWhatIsLeftOut wants what bit rates are made of to have the
// encoder's padding, the parameter sets and the heads of audio frames in it.
func TestBytesReceivedCountWhatIsLeftOut(t *testing.T) {
	const padding = 5000
	var b bytes.Buffer
	video, sound := &mpegts.Track{Codec: &codecs.H264{}}, &codecs.MPEG4Audio{}
	sound.Type, sound.SampleRate, sound.ChannelConfig = mpeg4audio.ObjectTypeAACLC, 48000, 2
	audio := &mpegts.Track{Codec: sound}
	w := &mpegts.Writer{W: &b, Tracks: []*mpegts.Track{video, audio}}
	must(t, w.Initialize())
	slice := append([]byte{0x65}, bytes.Repeat([]byte{7}, 99)...)
	filler := append(append([]byte{0x0c}, bytes.Repeat([]byte{0xff}, padding-2)...), 0x80)
	units := [][]byte{sps180, pps0, slice, filler}
	for n := range int64(3) {
		must(t, w.WriteH264(video, begin+n*period, begin+n*period, units))
		must(t, w.WriteMPEG4Audio(audio, begin+n*frame, [][]byte{bytes.Repeat([]byte{0x21}, 200)}))
	}
	got, _ := read(t, b.Bytes(), 1316)
	pictures, frames := tracks(got)
	if len(pictures) != 3 || len(frames) != 3 {
		t.Fatalf("%d pictures, %d frames of audio", len(pictures), len(frames))
	}
	least := padding + len(slice) + len(sps180) + len(pps0)
	for i := range 3 {
		// Beside the units there are start codes and an access unit delimiter.
		if n := pictures[i].Received; n < least || n > least+30 {
			t.Errorf("picture %d: %d bytes received, want %d and a little", i, n, least)
		}
		if n := frames[i].Received; n != 200+adtsHead {
			t.Errorf("frame %d: %d bytes received", i, n)
		}
	}
}

func TestAudioGoesOnWithoutTimes(t *testing.T) {
	b := shape{pictures: 12, size: 300, perPES: 1}.make(t)
	packets := 0
	for p := range slices.Chunk(b.stream, packetSize) {
		// PES packets of audio behind the first lose their PTS: flag and length stay.
		i := bytes.Index(p, []byte{0, 0, 1, 0xc0})
		if i < 0 {
			continue
		}
		if packets++; packets > 1 {
			p[i+7] &^= 0xc0
		}
	}
	got, _ := read(t, b.stream, 1316)
	wantAll(t, got, b.want)
}

func TestFrameOfAudioAcrossPESPackets(t *testing.T) {
	var got []media.Packet
	var a audioTrack
	keep := func(p media.Packet) error { got = append(got, p); return nil }
	f := func(fill byte) []byte {
		b := make([]byte, 107)
		copy(b, []byte{0xff, 0xf1, 0x4c, 0x80, byte(107 >> 3), 107&7<<5 | 0x1f, 0xfc})
		for i := adtsHead; i < len(b); i++ {
			b[i] = fill
		}
		return b
	}
	stream := slices.Concat(f(1), f(2), f(3), f(4))
	for i, cut := range [][2]int{{0, 150}, {150, 300}, {300, 428}} {
		skipped, err := a.unit(media.Ticks([]int{0, 2, 3}[i]*frame), stream[cut[0]:cut[1]], keep)
		if err != nil || skipped > 0 {
			t.Fatal(skipped, err)
		}
	}
	if len(got) != 4 {
		t.Fatalf("%d frames", len(got))
	}
	for i, p := range got {
		if p.PTS != media.Ticks(i*frame) || p.Data[0] != byte(i+1) || len(p.Data) != 100 {
			t.Errorf("frame %d: %s", i, text(p))
		}
	}
}

// units are an access unit's NAL units.
func units(t *testing.T, p media.Packet) [][]byte {
	t.Helper()
	list, err := new(avc.Track).SplitLengths(p.Data)
	must(t, err)
	return list
}
