package worker

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"ladderd/media"
	"ladderd/pipeline"
)

// sounding records AAC in which a click sounds once a second, at half a second and
// so on. options are of the encoder.
func sounding(t *testing.T, options ...string) *source {
	t.Helper()
	click := "aevalsrc='if(between(mod(t,1),0.5,0.502),0.8,0)':s=48000:d=4:c=mono"
	return record(t, append([]string{"-f", "lavfi", "-i", click, "-c:a", "aac", "-b:a", "128k"}, options...)...)
}

// soundJob asks for encodings of s's audio.
func soundJob(s *source, bitrates ...int) pipeline.Job {
	job := pipeline.Job{Audio: s.audio, Backend: pipeline.Backend{Encoder: pipeline.X264}, After: -1}
	for _, b := range bitrates {
		job.Audios = append(job.Audios, pipeline.AudioOutput{Bitrate: b})
	}
	return job
}

// clicks are the times at which clicks sound in decoded packets. A decoder that is
// no part of the project turns them into samples, the first of which belongs to the
// first packet's time.
func clicks(t *testing.T, packets []media.Packet, a *media.AudioParams) (at []float64) {
	t.Helper()
	var adts mpeg4audio.ADTSPackets
	for _, p := range packets {
		adts = append(adts, &mpeg4audio.ADTSPacket{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: a.SampleRate, ChannelConfig: uint8(a.Channels), AU: p.Data})
	}
	b, err := adts.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	pcm := ffmpeg(t, "-f", "aac", "-i", save(t, "sound.aac", b), "-ac", "1", "-f", "f32le", "-")
	quiet := 0
	for i := 0; i+4 <= len(pcm); i += 4 {
		v := math.Abs(float64(math.Float32frombits(binary.LittleEndian.Uint32(pcm[i:]))))
		if v > 0.3 && quiet > a.SampleRate/4 {
			at = append(at, packets[0].PTS.Seconds()+float64(i/4)/float64(a.SampleRate))
		}
		if v > 0.3 {
			quiet = 0
		}
		quiet++
	}
	return at
}

func TestSoundStaysInStep(t *testing.T) {
	cases := []struct {
		name     string
		options  []string
		rate, ch int
	}{
		{"48 kHz stereo", []string{"-ac", "2"}, 48000, 2},
		{"44.1 kHz stereo", []string{"-ac", "2", "-ar", "44100"}, 44100, 2},
		{"mono", []string{"-ac", "1"}, 48000, 1},
		{"22.05 kHz", []string{"-ac", "2", "-ar", "22050"}, 48000, 2},
		{"5.1", []string{"-af", "pan=5.1|FL=c0|FR=c0"}, 48000, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := sounding(t, c.options...)
			r := transcode(t, soundJob(s, 64_000, 128_000), s.packets)
			want := clicks(t, s.packets, s.audio)
			if len(want) < 3 {
				t.Fatalf("the source clicks at %v", want)
			}
			for i := range r.audios {
				a := &r.audios[i]
				if a.audio == nil || a.audio.SampleRate != c.rate || a.audio.Channels != c.ch {
					t.Fatalf("output %d has parameters %+v", i, a.audio)
				}
				checkGapless(t, a)
				got := clicks(t, a.packets, a.audio)
				if !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 0.0005 }) {
					t.Errorf("output %d clicks at %.4f s, the source at %.4f s", i, got, want)
				}
			}
			if first, want := r.audios[0].packets[0].PTS, s.packets[0].PTS; first != want {
				t.Errorf("output begins at %d, the source at %d", first, want)
			}
		})
	}
}

// checkGapless checks that each packet begins where the one before ends.
func checkGapless(t *testing.T, a *rendition) {
	t.Helper()
	for i, p := range a.packets {
		want := a.packets[0].PTS + media.Ticks(int64(i)*media.FrameSamples*media.Clock/int64(a.audio.SampleRate))
		if p.PTS != want || p.DTS != want || p.Key {
			t.Fatalf("packet %d is at %d, DTS %d; want %d", i, p.PTS, p.DTS, want)
		}
	}
}

func TestSoundBitRate(t *testing.T) {
	s := record(t, "-f", "lavfi", "-i", "anoisesrc=r=48000:d=5:a=0.3", "-ac", "2", "-c:a", "aac", "-b:a", "192k")
	job := soundJob(s, 48_000, 96_000)
	r := transcode(t, job, s.packets)
	for i, out := range job.Audios {
		bytes := 0
		for _, p := range r.audios[i].packets {
			bytes += len(p.Data)
		}
		if rate := float64(bytes) * 8 / 5; math.Abs(rate/float64(out.Bitrate)-1) > 0.1 {
			t.Errorf("output %d has %.0f bit a second, want %d", i, rate, out.Bitrate)
		}
	}
}

// The sound that is out already is the supervisor's to leave out: how far it came is not
// how far pictures did.
func TestReplacementMakesAllOfItsSound(t *testing.T) {
	s := sounding(t)
	job := soundJob(s, 64_000)
	whole := transcode(t, job, s.packets)
	job.After = 2 * media.Clock
	r := transcode(t, job, s.packets[20:])
	got := r.audios[0].times()
	want := slices.DeleteFunc(whole.audios[0].times(), func(at media.Ticks) bool { return at < got[0]-100 })
	if got[0] >= job.After {
		t.Errorf("the sound begins at %d", got[0])
	}
	if len(got) != len(want) || got[0] < want[0]-100 || got[0] > want[0]+100 {
		t.Errorf("%d packets from %d on, want %d from %d on", len(got), got[0], len(want), want[0])
	}
}

func TestSoundParametersMayChange(t *testing.T) {
	a, b := sounding(t, "-ac", "2"), sounding(t, "-ac", "1", "-ar", "44100")
	by := a.packets[len(a.packets)-1].PTS + 1920 - b.packets[0].PTS
	for i := range b.packets {
		b.packets[i].PTS += by
		b.packets[i].DTS += by
	}
	b.packets[0].Audio = b.audio
	r := transcode(t, soundJob(a, 64_000), append(a.packets, b.packets...))
	last := r.audios[0].packets[len(r.audios[0].packets)-1].PTS
	if want := b.packets[len(b.packets)-1].PTS; last < want-4000 || last > want+4000 {
		t.Errorf("output ends at %d, the source at %d", last, want)
	}
	for i, p := range r.audios[0].packets[1:] {
		if p.Audio != nil || p.PTS <= r.audios[0].packets[i].PTS {
			t.Fatalf("packet at %d, with parameters %v", p.PTS, p.Audio)
		}
	}
}

func TestSampleClock(t *testing.T) {
	cases := []struct {
		name string
		pts  []media.Ticks // of 1024 samples each at 48 kHz
		want []media.Ticks
	}{
		{"rounded to milliseconds", []media.Ticks{90000, 91890, 93870, 95760}, []media.Ticks{90000, 91920, 93840, 95760}},
		{"a gap", []media.Ticks{90000, 91920, 180000, 181920}, []media.Ticks{90000, 91920, 180000, 181920}},
		{"off by less than a frame", []media.Ticks{90000, 91920, 95000}, []media.Ticks{90000, 91920, 93840}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clock := sampleClock{rate: 48000}
			for i, pts := range c.pts {
				clock.wrote(pts, 1024)
				if got := clock.at(int64(i) * 1024); got != c.want[i] {
					t.Errorf("frame %s is at %d, want %d", strconv.Itoa(i), got, c.want[i])
				}
			}
		})
	}
}
