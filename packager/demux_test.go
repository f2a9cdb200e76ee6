package packager

import (
	"bytes"
	"context"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/google/go-cmp/cmp"

	"pgregory.net/rapid"

	"ladderd/ladder"
	"ladderd/media"
)

// demuxed is a track as a player reads it.
type demuxed struct {
	packets []media.Packet // in 90 kHz ticks for video, in samples for audio
	ends    []int64        // where each sample ends, in the track's time scale
}

// demux reads all of a rendition's kept segments and parts back.
func demux(t rapid.TB, w *writer) (video, audio demuxed) {
	t.Helper()
	read := demuxFMP4
	if w.opts.Container == TS {
		checkPackets(t, w)
		read = demuxTS
	}
	for _, data := range fragments(t, w) {
		read(t, data, &video, &audio)
	}
	return video, audio
}

func demuxFMP4(t rapid.TB, data []byte, video, audio *demuxed) {
	t.Helper()
	var parts fmp4.Parts
	if err := parts.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		for _, track := range p.Tracks {
			into := video
			if track.ID == audioTrack {
				into = audio
			}
			at := int64(track.BaseTime)
			for _, s := range track.Samples {
				dts := media.Ticks(at)
				into.packets = append(into.packets, media.Packet{
					DTS: dts, PTS: dts + media.Ticks(s.PTSOffset), Key: !s.IsNonSyncSample, Data: s.Payload,
				})
				at += int64(s.Duration)
				into.ends = append(into.ends, at)
			}
		}
	}
}

// fragments are the parts' bytes, fetched as a player does: complete segments
// whole, the rest by parts.
func fragments(t rapid.TB, w *writer) [][]byte {
	t.Helper()
	var out [][]byte
	get := func(name string) {
		res, err := w.out.Media(context.Background(), name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		data := bytesOf(t, res)
		if int64(len(data)) != res.Size {
			t.Errorf("%s: %d bytes, said to be %d", name, len(data), res.Size)
		}
		out = append(out, data)
	}
	for _, s := range w.out.state.Load().all() {
		switch {
		case s.gap():
		case s.complete:
			get(s.name())
		default:
			for i, p := range s.parts {
				if !p.gap {
					get(w.format.partName(s.msn, i))
				}
			}
		}
	}
	return out
}

// containers are what tests of media go through.
var containers = []Container{FMP4, TS}

func TestPartsHoldThePackets(t *testing.T) {
	for _, container := range containers {
		t.Run(string(container), func(t *testing.T) { testPartsHoldThePackets(t, container) })
	}
}

func testPartsHoldThePackets(t *testing.T, container Container) {
	o := testOptions()
	o.Container = container
	for _, c := range []struct {
		name string
		shot shot
		rate int
	}{
		{"30 fps, 48 kHz", shot{rate: fps(30), gop: 60}, 48000},
		{"59.94 fps in milliseconds, 44.1 kHz", shot{rate: media.Rate{Num: 60000, Den: 1001}, gop: 120, millis: true}, 44100},
		{"B-frames in milliseconds", shot{rate: fps(25), gop: 50, reorder: 3, millis: true}, 48000},
		{"short GOPs", shot{rate: fps(50), gop: 10, reorder: 1}, 32000},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.shot.params, c.shot.from, c.shot.to = videoParams(t, sps720), origin, secs(9)
			aac := audioParams(t, c.rate)
			video, audio := c.shot.packets(), tone(aac, origin, secs(9), c.shot.millis)
			s := newStream(t, o, rung("720p", c.shot.rate, 0))
			feed(s, send(0, 0, video), send(0, secs(0.05), audio))
			s.End()
			v, a := demux(t, s.writers[0])
			for i := range video {
				video[i].Kind, video[i].Video = 0, nil
			}
			if diff := cmp.Diff(video, v.packets); diff != "" {
				t.Errorf("video: -want +got\n%s", diff)
			}
			if container == FMP4 {
				checkContinuous(t, v)
			}
			checkContinuous(t, a)
			checkSound(t, aac, audio, a)
		})
	}
}

// checkContinuous wants each sample to begin where the last one ended.
func checkContinuous(t rapid.TB, track demuxed) {
	t.Helper()
	for i := range track.packets[1:] {
		if int64(track.packets[i+1].DTS) != track.ends[i] {
			t.Fatalf("sample %d begins at %d, the one before ends at %d", i+1, track.packets[i+1].DTS, track.ends[i])
		}
	}
}

// checkSound wants every frame, no further than half a frame from its PTS.
func checkSound(t rapid.TB, aac *media.AudioParams, want []media.Packet, got demuxed) {
	t.Helper()
	if missing := len(want) - len(got.packets); missing < 0 || missing > 3 {
		t.Fatalf("%d frames of %d", len(got.packets), len(want))
	}
	for i, p := range got.packets {
		if !bytes.Equal(p.Data, want[i].Data) {
			t.Fatalf("frame %d is %x, want %x", i, p.Data, want[i].Data)
		}
		at := int64(want[i].PTS) * int64(aac.SampleRate) / media.Clock
		if off := int64(p.DTS) - at; off < -media.FrameSamples/2 || off > media.FrameSamples/2 {
			t.Fatalf("frame %d is %d samples off its PTS", i, off)
		}
	}
}

func TestFragmentsAreReadByMP4FF(t *testing.T) {
	s := newStream(t, testOptions(), rung("720p30", fps(30), 0), onlyAudio(true))
	aac := audioParams(t, 48000)
	video := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, reorder: 2, from: origin, to: secs(4)}
	sound := tone(aac, origin, secs(4), false)
	feed(s, send(0, 0, video.packets()), send(0, 0, sound), send(1, 0, sound))
	s.End()
	for _, w := range s.writers {
		head, err := w.out.Media(context.Background(), "init0.mp4")
		if err != nil {
			t.Fatal(err)
		}
		file, err := mp4.DecodeFile(bytes.NewReader(bytes.Join(append(head.Chunks, fragments(t, w)...), nil)))
		if err != nil {
			t.Fatal(err)
		}
		if !file.IsFragmented() || len(file.Init.Moov.Traks) != len(wantTracks(w)) {
			t.Errorf("%s: fragmented %v, %d tracks", w.spec.Name, file.IsFragmented(), len(file.Init.Moov.Traks))
		}
		for i, trak := range file.Init.Moov.Traks {
			entry := trak.Mdia.Minf.Stbl.Stsd.Children[0].Type()
			if entry != wantTracks(w)[i] {
				t.Errorf("%s: track %d is %s", w.spec.Name, i, entry)
			}
		}
		fragments := 0
		for _, segment := range file.Segments {
			for _, f := range segment.Fragments {
				fragments++
				for _, traf := range f.Moof.Trafs {
					if traf.Tfdt.Version != 1 || traf.Trun.Version != 1 {
						t.Errorf("%s: tfdt version %d, trun version %d", w.spec.Name, traf.Tfdt.Version, traf.Trun.Version)
					}
				}
			}
		}
		if fragments < 9 {
			t.Errorf("%s: %d fragments", w.spec.Name, fragments)
		}
	}
}

func wantTracks(w *writer) []string {
	if w.spec.Name == ladder.AudioOnly {
		return []string{"mp4a"}
	}
	return []string{"avc1", "mp4a"}
}

// TestAudioReachesPastTheVideo wants each part's audio to end later than its video,
// also where an AAC frame ends with the segment: at 48 kHz that is so every 8 s.
func TestAudioReachesPastTheVideo(t *testing.T) {
	for _, rate := range []int{44100, 48000} {
		shot := shot{params: videoParams(t, sps720), rate: fps(25), gop: 50, millis: true, from: origin, to: secs(20)}
		s := newStream(t, testOptions(), rung("720p", shot.rate, 0))
		feed(s, send(0, 0, shot.packets()), send(0, 0, tone(audioParams(t, rate), origin, secs(20), true)))
		for i, data := range fragments(t, s.writers[0]) {
			var parts fmp4.Parts
			if err := parts.Unmarshal(data); err != nil {
				t.Fatal(err)
			}
			for k, p := range parts {
				ends := map[int]int64{}
				for _, track := range p.Tracks {
					ends[track.ID] = int64(track.BaseTime)
					for _, s := range track.Samples {
						ends[track.ID] += int64(s.Duration)
					}
				}
				past := ends[audioTrack]*media.Clock/int64(rate) - ends[videoTrack]
				if past < int64(millisecond) || past > media.Clock/30 {
					t.Errorf("%d Hz, fragment %d, part %d: the audio ends %d ticks past the video", rate, i, k, past)
				}
			}
		}
	}
}
