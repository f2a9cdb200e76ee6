package worker

import (
	"slices"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

var ultrafast = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}

// small is a job for two renditions of a 30 frames a second source.
func small(s *source) pipeline.Job {
	rate := media.Rate{Num: 30, Den: 1}
	return s.job(rate,
		pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 400_000},
		pipeline.VideoOutput{Width: 160, Height: 90, Rate: rate, Bitrate: 200_000})
}

func TestVaryingFrameRateKeepsItsTimes(t *testing.T) {
	args := append(moving("320x180", "60", 3), "-vf", "select='not(eq(mod(n,7),3))*not(between(n,40,75))*gt(random(1),0.3)'", "-vsync", "vfr")
	s := record(t, append(append(args, ultrafast...), "-bf", "2", "-g", "25")...)
	rate := media.Rate{Num: 60, Den: 1}
	job := s.job(rate,
		pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 400_000},
		pipeline.VideoOutput{Width: 160, Height: 90, Rate: rate.Divide(2), Bitrate: 200_000})
	r := transcode(t, job, s.packets)
	if got, want := r.videos[0].times(), s.times(media.Video); !slices.Equal(got, want) {
		t.Errorf("output has %d pictures, the source %d; or at other times", len(got), len(want))
	}
	for i := range r.videos {
		if got, want := r.videos[i].keys(), s.keys(); !slices.Equal(got, want) {
			t.Errorf("output %d has IDRs at %d, want %d", i, got, want)
		}
	}
}

func TestReplacementGoesOnAtTheNextGridPoint(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 4), ultrafast...), "-bf", "2", "-g", "30")...)
	job := small(s)
	whole := transcode(t, job, s.packets)
	keys := s.keys()
	job.After = keys[1] + 20*3000
	from := slices.IndexFunc(s.packets, func(p media.Packet) bool { return p.PTS == keys[1] })
	r := transcode(t, job, s.packets[from:])
	want := slices.DeleteFunc(whole.videos[0].times(), func(at media.Ticks) bool { return at < keys[2] })
	for i := range r.videos {
		if got := r.videos[i].times(); !slices.Equal(got, want) {
			t.Errorf("output %d has pictures at %d, want %d", i, got, want)
		}
		if got := r.videos[i].keys(); !slices.Equal(got, keys[2:]) {
			t.Errorf("output %d has IDRs at %d, want %d", i, got, keys[2:])
		}
	}
}

func TestParametersMayChangeAtTheSameSize(t *testing.T) {
	a := record(t, append(append(moving("320x180", "30", 1), ultrafast...), "-profile:v", "baseline", "-g", "15")...)
	b := record(t, append(append(moving("320x180", "30", 1), ultrafast...), "-profile:v", "main", "-bf", "2", "-g", "15", "-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709")...)
	for i := range b.packets {
		b.packets[i].PTS += media.Clock
		b.packets[i].DTS += media.Clock
	}
	if b.packets[0].Video == nil || b.packets[0].Video.Same(&a.video) {
		t.Fatal("the second source does not begin with parameters of its own")
	}
	r := transcode(t, small(a), append(a.packets, b.packets...))
	for i := range r.videos {
		v := &r.videos[i]
		if got, want := v.keys(), append(a.keys(), b.keys()...); !slices.Equal(got, want) {
			t.Errorf("output %d has IDRs at %d, want %d", i, got, want)
		}
		if n, want := len(v.packets), len(a.packets)+len(b.packets); n != want {
			t.Errorf("output %d has %d pictures, want %d", i, n, want)
		}
		changed := slices.IndexFunc(v.packets[1:], func(p media.Packet) bool { return p.Video != nil })
		if changed < 0 || v.packets[1+changed].PTS != b.keys()[0] {
			t.Fatalf("output %d does not take on the new source's colours at its first IDR", i)
		}
		if vui(t, v.packets[1+changed].Video).MatrixCoefficients != 1 {
			t.Errorf("output %d has the wrong colours after the change", i)
		}
	}
}

func TestChangeOfSizeEndsTheJob(t *testing.T) {
	a := record(t, append(append(moving("320x180", "30", 1), ultrafast...), "-g", "15")...)
	b := record(t, append(append(moving("640x360", "30", 1), ultrafast...), "-g", "15")...)
	_, err := tryTranscode(t, small(a), append(a.packets, b.packets...))
	if exitCode(err) != pipeline.ExitGiveUp {
		t.Errorf("got %v", err)
	}
}

func TestDamageCostsNoGridPoint(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 4), ultrafast...), "-bf", "2", "-g", "30")...)
	keys := s.keys()
	for i, p := range s.packets {
		switch {
		case p.PTS == keys[2]: // an IDR of which nothing is left
			s.packets[i].Data = media.AppendNAL(nil, []byte{0x65, 0xff})
		case i%17 == 5 && !p.Key:
			data := slices.Clone(p.Data)
			for j := len(data) / 2; j < len(data); j += 3 {
				data[j] ^= 0x5a
			}
			s.packets[i].Data = data
		case i%23 == 7 && !p.Key:
			s.packets[i].Data = []byte{0, 0, 0}
		}
	}
	r := transcode(t, small(s), s.packets)
	want := []media.Ticks{keys[0], keys[1], keys[3]}
	for i := range r.videos {
		v := &r.videos[i]
		if got := v.keys(); !slices.Equal(got, want) {
			t.Errorf("output %d has IDRs at %d, want %d", i, got, want)
		}
		if slices.ContainsFunc(v.packets, func(p media.Packet) bool { return p.PTS >= keys[2] && p.PTS < keys[3] }) {
			t.Errorf("output %d goes on without the IDR that was lost", i)
		}
		if len(v.packets) < 80 {
			t.Errorf("output %d has %d pictures of the source's 120", i, len(v.packets))
		}
	}
	if !slices.Equal(r.videos[0].times(), r.videos[1].times()) {
		t.Error("the renditions have different pictures")
	}
}

func TestUnknownBackendIsForAnother(t *testing.T) {
	_, err := newGraph(pipeline.Job{Backend: pipeline.Backend{Encoder: "abacus"}}, nil, nil, nil)
	if exitCode(err) != pipeline.ExitRetryElsewhere {
		t.Errorf("got %v", err)
	}
}
