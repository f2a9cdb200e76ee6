package stream

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
)

// examined is what a checkup says of a publisher after so many seconds. link is its
// connection at the end of each, nil where nothing is known of it.
func examined(f feed, fps, announced, seconds int, link func(second int) ingest.Link) (all []Finding) {
	in, c := standard(), newCheckup()
	in.starvation.announced = announced
	now := dawn
	c.now = func() time.Time { return now }
	period := media.Rate{Num: fps, Den: 1}.Period()
	for s := 1; s <= seconds; s++ {
		end := moment(float64(s))
		for ; len(f) > 0 && f[0].Arrived.Before(end); f = f[1:] {
			now = f[0].Arrived
			_ = in.take(input{packet: f[0]}, now)
			if f[0].Kind == media.Video {
				c.video(f[0], period)
			}
		}
		now = end
		in.second(now)
		var k *ingest.Link
		if link != nil {
			snapshot := link(s)
			k = &snapshot
		}
		c.second(in, k)
	}
	return c.findings()
}

func codes(list []Finding) []string {
	var codes []string
	for _, f := range list {
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// vbr gives each second's frames a share of their bits.
func (f feed) vbr(share func(second int) float64) feed {
	return f.each(0, 1e9, func(_ int, p *media.Packet) *media.Packet {
		p.Data = make([]byte, int(share(int(p.DTS.Seconds()))*float64(len(p.Data))))
		return p
	})
}

func TestHealthOfPublishers(t *testing.T) {
	const long = 240
	hd := camera(long, 30, 4_000_000).and(microphone(long))
	pictures := camera(long, 30, 4_000_000)
	spiky := pictures.scaled(0, long, 0.5).vbr(func(s int) float64 {
		if s%15 < 4 {
			return 4
		}
		return 1
	})
	cases := []struct {
		name      string
		sent      feed
		announced int
		want      []string
	}{
		{"constant bit rate", hd, 4_000_000, nil},
		{"constant bit rate, nothing announced", hd, 0, nil},
		{"keyframes of 30 times another frame", pictures.each(0, long, func(_ int, p *media.Packet) *media.Packet {
			if p.Key {
				p.Data = make([]byte, 6*len(p.Data))
			}
			return p
		}), 0, nil},
		{"a variable bit rate with a cap", pictures.vbr(func(s int) float64 { return []float64{0.3, 0.6, 1, 0.8, 1.1}[s/7%5] }), 4_000_000, nil},
		{"the same, nothing announced", pictures.vbr(func(s int) float64 { return []float64{0.6, 0.8, 1, 0.8, 1.1}[s/7%5] }), 0, nil},
		{"a variable bit rate with spikes", spiky, 0, []string{BitrateSpikes}},
		{"spikes above what is announced", spiky, 3_000_000, []string{BitrateSpikes}},
		{"spikes within what is announced", spiky, 8_000_000, nil},
		{"a bit rate that rises and stays", pictures.scaled(0, 100, 0.4), 0, nil},
		{"one spike", pictures.vbr(func(s int) float64 {
			if s/5 == 20 {
				return 4
			}
			return 0.5
		}), 0, nil},
		{"a screen that is still but for its keyframes", pictures.each(0, long, func(n int, p *media.Packet) *media.Packet {
			if !p.Key {
				p.Data = make([]byte, 20)
			}
			return p
		}), 0, nil},
		{"a still screen that moves now and then", pictures.vbr(func(s int) float64 {
			if s%20 < 3 {
				return 0.5
			}
			return 0.02
		}), 0, nil},
		{"a screen at 1 to 5 frames a second", pictures.each(0, long, func(n int, p *media.Packet) *media.Packet {
			if n%[]int{6, 30, 10, 15}[n/240%4] == 0 || p.Key {
				return p
			}
			return nil
		}), 4_000_000, []string{FramesMissing}},
		{"a screen with bursts of 30 frames a second", pictures.each(0, long, func(n int, p *media.Packet) *media.Packet {
			if n/45%2 == 0 || n%10 == 0 || p.Key {
				return p
			}
			return nil
		}), 4_000_000, nil},
		{"a network that holds up two seconds now and then", hd.late(40.2, 41.9).late(80.2, 81.9).late(120.2, 121.9).late(160.2, 161.9), 4_000_000, nil},
		{"two frames in ten left out", pictures.keep(0, long, 8, 10), 4_000_000, []string{FrameDrops}},
		{"every second frame left out, at the same bit rate", pictures.each(100, long, func(n int, p *media.Packet) *media.Packet {
			p.Data = make([]byte, 2*len(p.Data))
			if n%2 == 0 {
				return p
			}
			return nil
		}), 4_000_000, []string{FrameDrops}},
		{"a frame left out each second", pictures.keep(0, long, 29, 30), 4_000_000, nil},
		{"milliseconds that jitter", pictures.each(0, long, func(n int, p *media.Packet) *media.Packet {
			p.DTS += media.Ticks(n%3-1) * media.Clock / 200
			return p
		}), 4_000_000, nil},
		{"silence for 6 s", hd.late(100, 106), 4_000_000, []string{Starvation}},
		{"a trickle", hd.slow(20, 0.2), 4_000_000, []string{Starvation}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			all := examined(c.sent, 30, c.announced, long, nil)
			if got := codes(all); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", all, c.want)
			}
			if len(c.want) > 0 && c.want[0] != FramesMissing && len(all) != 1 {
				t.Errorf("it comes and goes: %v", all)
			}
		})
	}
}

// What is found is over when it is, with figures for whoever sets up the encoder.
func TestHealthOfAPublisherThatIsSetRight(t *testing.T) {
	const long = 400
	pictures := camera(long, 30, 4_000_000)
	for name, c := range map[string]struct {
		sent  feed
		since [2]float64 // at the earliest, at the latest
		over  [2]float64
		text  string
	}{
		BitrateSpikes: {pictures.scaled(0, long, 0.5).vbr(func(s int) float64 {
			if s < 150 && s%15 < 4 {
				return 4
			}
			return 1
		}), [2]float64{40, 70}, [2]float64{130, 160}, "times of late above twice its usual 2.0 Mb/s: set the encoder to a constant bit rate (CBR)"},
		FrameDrops: {pictures.keep(50, 150, 8, 10), [2]float64{55, 70}, [2]float64{140, 165},
			"24.0 of 30.0 frames a second come: the encoder leaves out 20 %"},
		Starvation: {pictures.late(100, 106), [2]float64{102, 103}, [2]float64{107, 109}, "nothing came for 2 s: the encoder has stopped"},
		LongGOP: {camera(long, 30, 4_000_000).each(50, 150, func(_ int, p *media.Packet) *media.Packet {
			p.Key = p.Key && int(p.DTS.Seconds())%10 == 0
			return p
		}), [2]float64{55, 66}, [2]float64{145, 155}, "10.0 s without a keyframe (IDR), which may be at most 5: set the encoder's keyframe interval to 2 s"},
	} {
		t.Run(name, func(t *testing.T) {
			all := examined(c.sent, 30, 0, long, nil)
			if len(all) != 1 || all[0].Code != name {
				t.Fatalf("found %v, want %s once", all, name)
			}
			f := all[0]
			in := func(at time.Time, span [2]float64) bool {
				return !at.Before(moment(span[0])) && !at.After(moment(span[1]))
			}
			if !in(f.Since, c.since) || !in(f.Over, c.over) || !strings.Contains(f.Text, c.text) {
				t.Errorf("from %v s to %v s: %s\nwant from %v to %v: … %s", f.Since.Sub(dawn).Seconds(), f.Over.Sub(dawn).Seconds(), f.Text, c.since, c.over, c.text)
			}
		})
	}
}

func TestHealthOfAConnection(t *testing.T) {
	// 400 packets a second, of which so many in a thousand come again or are lost.
	connection := func(resent, lost func(second int) int64) func(int) ingest.Link {
		k := ingest.Link{RTT: 50 * time.Millisecond, Delay: 120 * time.Millisecond}
		return func(s int) ingest.Link {
			k.Packets += 400
			k.Retransmitted += 400 * resent(s) / 1000
			k.Dropped += lost(s)
			return k
		}
	}
	from := func(first, last int, n int64) func(int) int64 {
		return func(s int) int64 {
			if s < first || s > last {
				return 0
			}
			return n
		}
	}
	all := func(n int64) func(int) int64 { return from(0, 1e9, n) }
	cases := []struct {
		name string
		link func(int) ingest.Link
		want []string // with how often
		text string
	}{
		{"a good network", connection(all(0), all(0)), nil, ""},
		{"a network that resends one packet in fifty", connection(all(20), all(0)), nil, ""},
		{"one burst of resending", connection(from(50, 50, 300), all(0)), nil, ""},
		{"a network at its limit", connection(all(80), all(0)), []string{"packets-resent"},
			"8 % of the packets had to be sent again (320 of 4000 within 10 s), the network is close to its limit: set the encoder's SRT latency to 200 ms or more (it is 120, the round trip 50)"},
		{"one around its limit", connection(func(s int) int64 { return []int64{30, 70}[s/15%2] }, all(0)), []string{"packets-resent"}, ""},
		{"one that was at its limit", connection(from(50, 80, 80), all(0)), []string{"packets-resent, over"}, ""},
		{"lost packets", connection(all(0), from(50, 70, 2)), []string{"packet-loss, over"}, "20 packets did not come in time, and 0 pictures"},
		{"lost packets twice", connection(all(0), func(s int) int64 { return from(50, 70, 1)(s) + from(120, 121, 1)(s) }), []string{"packet-loss, over", "packet-loss, over"}, ""},
		{"nothing is known yet", func(int) ingest.Link { return ingest.Link{} }, nil, ""},
		{"another connection", func(s int) ingest.Link {
			return ingest.Link{Packets: int64(s % 60 * 400), Dropped: 7, Retransmitted: int64(7000 - s/60*1000)}
		}, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			list := examined(camera(200, 30, 4_000_000), 30, 0, 200, c.link)
			var got []string
			for _, f := range list {
				over := ""
				if !f.Over.IsZero() {
					over = ", over"
				}
				got = append(got, f.Code+over)
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("found %v, want %v", list, c.want)
			}
			if len(list) > 0 && !strings.Contains(list[0].Text, c.text) {
				t.Errorf("%q, want … %q", list[0].Text, c.text)
			}
		})
	}
}

// Frames that the network lost are not the encoder's fault.
func TestLostFramesAreTheNetworks(t *testing.T) {
	damaged := func(s int) ingest.Link { return ingest.Link{Packets: int64(400 * s), Damaged: int64(6 * s)} }
	if got := codes(examined(camera(100, 30, 4_000_000).keep(0, 100, 8, 10), 30, 0, 100, damaged)); !slices.Equal(got, []string{PacketLoss}) {
		t.Errorf("found %v", got)
	}
}

func TestStarvationSaysWhy(t *testing.T) {
	hd := camera(60, 30, 4_000_000).and(microphone(60))
	for want, sent := range map[string]feed{
		"nothing came for 2 s": hd.lost(20, 30),
		"s of video came within 4 s, at 1.6 Mb/s of 4.0 that are expected: the rest is late": hd.slow(20, 0.2),
		"9.0 frames a second came, of 30.0 before":                                           camera(60, 30, 4_000_000).keep(20, 60, 3, 10).and(microphone(60)),
	} {
		in := newIntake(ladder.Standard, dawn)
		watch(in, sent, 30)
		if !strings.Contains(in.starvation.why, want) {
			t.Errorf("%q, want … %q", in.starvation.why, want)
		}
	}
}

func TestCheckupAllocatesNothing(t *testing.T) {
	in, c, f := standard(), newCheckup(), camera(1, 30, 4_000_000)
	k, at, slice := ingest.Link{}, media.Ticks(0), media.AppendNAL(nil, []byte{0x41, 0x9a})
	if n := testing.AllocsPerRun(1000, func() {
		for _, p := range f {
			at += 3000
			p.PTS, p.DTS, p.Data = at, at, slice
			c.video(p, 3000)
		}
		k.Packets += 400
		in.second(dawn)
		c.second(in, &k)
	}); n != 0 {
		t.Errorf("%v allocations a second of 30 frames", n)
	}
}
