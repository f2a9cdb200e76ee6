package packager

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"pgregory.net/rapid"

	"ladderd/ladder"
	"ladderd/media"
)

// Parameter sets that x264 made, of progressive pictures.
const (
	sps720 = "6764001facb200a00b760220000003002000000781e30649"
	sps480 = "6764001facb201b07bcfe022000003000200000300781e306490"
	ppsHex = "68ebc3cb22c0"
)

func videoParams(t rapid.TB, sps string) *media.VideoParams {
	t.Helper()
	s, err := hex.DecodeString(sps)
	if err != nil {
		t.Fatal(err)
	}
	p, err := hex.DecodeString(ppsHex)
	if err != nil {
		t.Fatal(err)
	}
	v, err := media.NewVideoParams(s, p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func audioParams(t rapid.TB, rate int) *media.AudioParams {
	t.Helper()
	a, err := media.NewAACLC(rate, 2)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// origin is where the stream's timeline has the first IDR.
const origin = media.Ticks(media.Clock)

// started is origin on the wall clock.
var started = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func testOptions() Options {
	return Options{Target: 2 * media.Clock, Start: started, StartPTS: origin}
}

// shot is a piece of video to be made.
type shot struct {
	params  *media.VideoParams
	rate    media.Rate
	gop     int  // frames from one IDR to the next
	reorder int  // B-frames between two others
	millis  bool // timestamps are RTMP's
	from    media.Ticks
	to      media.Ticks
	bytes   int // of each frame; 100 where 0
}

// packets are the shot's, in decoding order.
func (s shot) packets() []media.Packet {
	if s.bytes == 0 {
		s.bytes = 100
	}
	at := func(frame int) media.Ticks {
		exact := media.Ticks(int64(frame) * media.Clock * int64(s.rate.Den) / int64(s.rate.Num))
		if s.millis {
			exact = (exact+45+900*media.Clock)/90*90 - 900*media.Clock // also of what lies before 0
		}
		return s.from + exact
	}
	var out []media.Packet
	for n := 0; at(n) < s.to; n++ {
		in := n % s.gop // place in the GOP, in decoding order
		shown, delay := in, 0
		if s.reorder > 0 {
			delay = 1
			if in > 0 { // each group's last picture is decoded first
				first := in - (in-1)%(s.reorder+1)
				shown = in - 1
				if in == first {
					shown = first + min(s.reorder+1, s.gop-first) - 1
				}
			}
		}
		shown += n - in
		p := media.Packet{Kind: media.Video, PTS: at(shown), DTS: at(n - delay), Key: in == 0, Data: avcc(n, s.bytes, in == 0)}
		if n == 0 {
			p.Video = s.params
		}
		out = append(out, p)
	}
	return out
}

// avcc is one NAL unit of a slice type that fits, with n in its payload, which has no
// start code in it.
func avcc(n, size int, key bool) []byte {
	b := bytes.Repeat([]byte{0xaa}, max(size, 9))
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	b[4] = 0x41
	if key {
		b[4] = 0x65
	}
	for i := range 4 {
		b[5+i] = byte(n>>(7*i)) | 0x80
	}
	return b
}

// tone makes AAC frames.
func tone(params *media.AudioParams, from, to media.Ticks, millis bool) []media.Packet {
	var out []media.Packet
	for n := int64(0); ; n++ {
		at := from + params.FrameTicks(n)
		if millis {
			at = at / 90 * 90
		}
		if at >= to {
			return out
		}
		p := media.Packet{Kind: media.Audio, PTS: at, DTS: at, Data: []byte{0x21, byte(n), byte(n >> 8), 0x1c}}
		if n == 0 {
			p.Audio = params
		}
		out = append(out, p)
	}
}

// delivery is a packet on its way to a rendition, at a time.
type delivery struct {
	rendition int
	at        media.Ticks
	packet    media.Packet
}

// send makes deliveries of a track that comes late by delay.
func send(rendition int, delay media.Ticks, packets ...[]media.Packet) []delivery {
	var out []delivery
	for _, list := range packets {
		for _, p := range list {
			out = append(out, delivery{rendition, p.DTS + delay, p})
		}
	}
	return out
}

// jitter makes deliveries late by up to most, keeping each track's order.
func jitter(r *rand.Rand, most media.Ticks, list []delivery) []delivery {
	latest := media.Ticks(0)
	for i := range list {
		latest = max(latest, list[i].at+media.Ticks(r.Int64N(int64(most)+1)))
		list[i].at = latest
	}
	return list
}

// feed writes deliveries in the order of their times.
func feed(s *Stream, tracks ...[]delivery) {
	var all []delivery
	for _, t := range tracks {
		all = append(all, t...)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at < all[j].at })
	for _, d := range all {
		s.Write(d.rendition, d.packet)
	}
}

func newStream(t rapid.TB, o Options, renditions ...ladder.Rendition) *Stream {
	t.Helper()
	s, err := New("st-test", renditions, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rung is a transcoded rendition, or the passed through one where bits is 0.
func rung(name string, rate media.Rate, bits int) ladder.Rendition {
	r := ladder.Rendition{Name: name, Rate: rate, Video: ladder.Passthrough, Audio: ladder.Passthrough}
	if bits > 0 {
		r.Video, r.VideoBitrate = ladder.Transcode, bits
	}
	return r
}

func silent(r ladder.Rendition) ladder.Rendition {
	r.Audio = ladder.None
	return r
}

func onlyAudio(onRequest bool) ladder.Rendition {
	return ladder.Rendition{Name: ladder.AudioOnly, Audio: ladder.Transcode, AudioBitrate: 64_000, OnRequest: onRequest}
}

func fps(n int) media.Rate { return media.Rate{Num: n, Den: 1} }

func secs(s float64) media.Ticks { return media.Ticks(math.Round(s * media.Clock)) }
