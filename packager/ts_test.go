package packager

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/asticode/go-astits"

	"ladderd/media"
)

func tsOptions() Options {
	o := testOptions()
	o.Container = TS
	return o
}

// programMap is the PMT of a segment or part.
func programMap(t *testing.T, data []byte) (version uint8, kinds []astits.StreamType, clock uint16) {
	t.Helper()
	d := astits.NewDemuxer(context.Background(), bytes.NewReader(data), astits.DemuxerOptPacketSize(tsPacket))
	for {
		got, err := d.NextData()
		if errors.Is(err, astits.ErrNoMorePackets) {
			t.Fatal("no PMT")
		}
		if err != nil {
			t.Fatal(err)
		}
		if got.PMT != nil {
			for _, s := range got.PMT.ElementaryStreams {
				kinds = append(kinds, s.StreamType)
			}
			// The demuxer keeps no version; it is in the second packet, behind a
			// pointer field, table_id, length and program_number.
			return data[tsPacket+tsHeader+6] >> 1 & 0x1f, kinds, got.PMT.PCRPID
		}
	}
}

// TestTablesAreRenewedWhenAudioBegins has the tracks change in mid-stream: players
// read a PMT again only where its version is another.
func TestTablesAreRenewedWhenAudioBegins(t *testing.T) {
	s := newStream(t, tsOptions(), rung("720p30", fps(30), 0))
	video := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(10)}
	feed(s, send(0, 0, video.packets()), send(0, 0, tone(audioParams(t, 48000), secs(6.5), secs(10), false)))
	all := fragments(t, s.writers[0])
	version, kinds, _ := programMap(t, all[0])
	if version != 0 || len(kinds) != 1 || kinds[0] != astits.StreamTypeH264Video {
		t.Errorf("at first version %d of %v", version, kinds)
	}
	version, kinds, clock := programMap(t, all[len(all)-1])
	if version != 1 || len(kinds) != 2 || kinds[1] != astits.StreamTypeAACAudio || clock != pictureID {
		t.Errorf("at last version %d of %v, PCR in PID %d", version, kinds, clock)
	}
	checkPackets(t, s.writers[0])
}

func TestAudioOnlyHasOneTrackWithTheClock(t *testing.T) {
	s := newStream(t, tsOptions(), rung("720p30", fps(30), 0), onlyAudio(false))
	video := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(4)}
	sound := tone(audioParams(t, 44100), origin, secs(4), true)
	feed(s, send(0, 0, video.packets()), send(0, 0, sound), send(1, 0, sound))
	if _, kinds, clock := programMap(t, fragments(t, s.writers[1])[0]); len(kinds) != 1 || kinds[0] != astits.StreamTypeAACAudio || clock != soundID {
		t.Errorf("%v, PCR in PID %d", kinds, clock)
	}
	checkPackets(t, s.writers[1])
}

// TestPartsHoldNoMoreMemoryThanTheyNeed wants the size to be foreseen to the byte.
func TestPartsHoldNoMoreMemoryThanTheyNeed(t *testing.T) {
	s := newStream(t, tsOptions(), rung("720p30", fps(30), 0), onlyAudio(false))
	video := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, reorder: 1, from: origin, to: secs(8), bytes: 3000}
	sound := tone(audioParams(t, 44100), origin, secs(8), true)
	feed(s, send(0, 0, video.packets()), send(0, 0, sound), send(1, 0, sound))
	for _, w := range s.writers {
		res, err := w.out.Media(context.Background(), "1.ts")
		if err != nil || len(res.Chunks) < 6 {
			t.Fatalf("%s: %d parts, %v", w.spec.Name, len(res.Chunks), err)
		}
		for i, data := range res.Chunks {
			if len(data) != cap(data) {
				t.Errorf("%s 1.%d: %d bytes in %d", w.spec.Name, i, len(data), cap(data))
			}
		}
	}
}

// TestPartsInWhichNothingHappensAreThere has a picture stand where nothing sounds:
// such parts hold tables and a clock.
func TestPartsInWhichNothingHappensAreThere(t *testing.T) {
	s := newStream(t, tsOptions(), silent(rung("720p30", fps(30), 0)), silent(rung("480p30", fps(30), 1_500_000)))
	high := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(8)}
	low := shot{params: videoParams(t, sps480), rate: fps(30), gop: 60, from: origin, to: secs(8)}
	feed(s, send(0, 0, high.packets()), send(1, 9000, without(low.packets(), secs(3.7), secs(5))))
	w := s.writers[1]
	checkPackets(t, w)
	res, err := w.out.Media(context.Background(), "1.ts")
	if want := len(s.writers[0].out.state.Load().segment(1).parts); err != nil || len(res.Chunks) != want {
		t.Errorf("%d parts, want %d: %v", len(res.Chunks), want, err)
	}
	empty := 0
	for _, data := range res.Chunks {
		if len(data) == 3*tsPacket {
			empty++
		}
	}
	if empty == 0 {
		t.Error("no part without a picture")
	}
}

func TestSampleRateThatADTSLacksIsAnError(t *testing.T) {
	s := newStream(t, tsOptions(), rung("720p30", fps(30), 0))
	aac, err := media.NewAudioParams([]byte{0x17, 0x80, 0x4e, 0x20, 0x10}) // 40,000 Hz, stereo
	if err != nil {
		t.Fatal(err)
	}
	video := shot{params: videoParams(t, sps720), rate: fps(30), gop: 60, from: origin, to: secs(3)}
	feed(s, send(0, 0, video.packets()), send(0, 0, tone(aac, origin, secs(3), false)))
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "ADTS header: invalid sample rate: 40000") {
		t.Errorf("error %v", err)
	}
}

// TestOverheadCoversWhatPackingAdds holds BANDWIDTH's share for packing against what
// it really is: not less, and less than two and a half times as much.
func TestOverheadCoversWhatPackingAdds(t *testing.T) {
	const video, audio = 2_000_000, 128_000
	for _, container := range containers {
		for _, rate := range []int{30, 60} {
			o := testOptions()
			o.Container = container
			spec := rung("720p", fps(rate), video)
			spec.AudioBitrate = audio
			s := newStream(t, o, spec)
			source := shot{params: videoParams(t, sps720), rate: fps(rate), gop: 2 * rate, from: origin, to: secs(21)}.packets()
			sound := tone(audioParams(t, 48000), origin, secs(21), false)
			random := rand.New(rand.NewPCG(3, 1)) // any size: what is left of a packet is stuffing
			size := func(bits, rate int) int { return bits/8/rate - 184 + random.IntN(2*184) }
			held := 0
			for i := range source {
				source[i].Data = avcc(i, size(video, rate), source[i].Key)
				held += len(source[i].Data)
			}
			for i := range sound {
				sound[i].Data = make([]byte, size(audio, 47))
				held += len(sound[i].Data)
			}
			feed(s, send(0, 0, source), send(0, 0, sound))
			s.End()
			w := s.writers[0]
			adds, said := bitRate(w.meter.bytes-int64(held), w.meter.dur), w.format.overhead(spec)
			if adds > said || said > adds*5/2 {
				t.Errorf("%s at %d fps: packing adds %d b/s, %d said", container, rate, adds, said)
			}
			t.Logf("%s at %d fps: packing adds %d b/s, %d said", container, rate, adds, said)
		}
	}
}
