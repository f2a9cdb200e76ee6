package stream

import (
	"errors"
	"slices"
	"testing"

	"ladderd/ingest"
	"ladderd/media"
)

var (
	testVideo = &media.VideoParams{SPS: []byte{0x67, 1, 2, 3}, PPS: []byte{0x68, 1}, Width: 1920, Height: 1080}
	otherSize = &media.VideoParams{SPS: []byte{0x67, 9, 2, 3}, PPS: []byte{0x68, 1}, Width: 1280, Height: 720}
	testAudio = &media.AudioParams{Config: []byte{0x11, 0x90}, SampleRate: 48000, Channels: 2}
)

// shoot makes video frames at a distance in milliseconds, the first an IDR with
// parameters.
func shoot(n int, from, step int64) []media.Packet {
	var out []media.Packet
	for i := range int64(n) {
		out = append(out, media.Packet{Kind: media.Video, DTS: ms(from + i*step), PTS: ms(from + i*step)})
	}
	out[0].Key, out[0].Video = true, testVideo
	return out
}

func withAudio(video []media.Packet) []media.Packet {
	head := media.Packet{Kind: media.Audio, PTS: video[0].PTS, DTS: video[0].DTS, Audio: testAudio}
	return append([]media.Packet{head}, video...)
}

func openWith(meta ingest.Metadata, packets []media.Packet) (*opening, *source, error) {
	o := &opening{meta: meta}
	for _, p := range packets {
		if s, err := o.add(p); s != nil || err != nil {
			return o, s, err
		}
	}
	return o, nil, nil
}

func TestOpeningFindsTheFrameRate(t *testing.T) {
	ntsc := media.Rate{Num: 30000, Den: 1001}
	cases := []struct {
		name string
		told float64 // by onMetaData
		vui  media.Rate
		step int64 // ms between frames
		want media.Rate
	}{
		{"shown alone", 0, media.Rate{}, 40, media.Rate{Num: 25, Den: 1}},
		{"30 fps in RTMP's milliseconds", 0, media.Rate{}, 33, media.Rate{Num: 30, Den: 1}},
		{"60 fps in RTMP's milliseconds", 0, media.Rate{}, 17, media.Rate{Num: 60, Den: 1}},
		{"NTSC as announced", 29.97, media.Rate{}, 33, ntsc},
		{"NTSC as the SPS tells", 0, ntsc, 33, ntsc},
		{"the SPS before what was announced", 30, ntsc, 33, ntsc},
		{"a false announcement", 60, media.Rate{}, 40, media.Rate{Num: 25, Den: 1}},
		{"a false SPS", 25, media.Rate{Num: 50, Den: 1}, 40, media.Rate{Num: 25, Den: 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			video := shoot(30, 0, c.step)
			params := *testVideo
			params.Rate = c.vui
			video[0].Video = &params
			_, s, err := openWith(ingest.Metadata{FrameRate: c.told}, withAudio(video))
			if err != nil || s == nil {
				t.Fatal("not opened:", err)
			}
			if s.input.Rate != c.want {
				t.Errorf("rate %v, want %v", s.input.Rate, c.want)
			}
		})
	}
}

// Video that stops after its first frame must not hold the audio back for ever.
func TestOpeningEndsWhenTheVideoStops(t *testing.T) {
	packets := withAudio(shoot(1, 0, 33))
	for at := int64(0); at < 2100; at += 21 {
		packets = append(packets, media.Packet{Kind: media.Audio, DTS: ms(at), PTS: ms(at)})
	}
	if _, s, err := openWith(ingest.Metadata{FrameRate: 30}, packets); err != nil || s == nil {
		t.Errorf("not opened: %v", err)
	}
}

func TestOpeningNeedsNoMoreThanTheFirstPart(t *testing.T) {
	o, s, _ := openWith(ingest.Metadata{}, withAudio(shoot(60, 0, 33)))
	if s == nil {
		t.Fatal("not opened")
	}
	if held := o.release(); held[len(held)-1].DTS > ms(300) {
		t.Errorf("opened after %d ms of media", held[len(held)-1].DTS/90)
	}
}

func TestOpeningAudio(t *testing.T) {
	cases := []struct {
		name    string
		meta    ingest.Metadata
		packets []media.Packet
		want    *media.AudioParams
	}{
		{"there", ingest.Metadata{}, withAudio(shoot(30, 0, 33)), testAudio},
		{"none", ingest.Metadata{}, shoot(30, 0, 33), nil},
		{"announced but late", ingest.Metadata{HasAudio: true, SampleRate: 44100, Channels: 1}, shoot(30, 0, 33),
			&media.AudioParams{SampleRate: 44100, Channels: 1}},
		{"announced without figures", ingest.Metadata{HasAudio: true}, shoot(30, 0, 33),
			&media.AudioParams{SampleRate: 48000, Channels: 2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, s, err := openWith(c.meta, c.packets)
			if err != nil || s == nil {
				t.Fatal("not opened:", err)
			}
			if (s.audio == nil) != (c.want == nil) || s.input.Audio != (c.want != nil) {
				t.Fatalf("audio %v, want %v", s.audio, c.want)
			}
			if c.want != nil && (s.audio.SampleRate != c.want.SampleRate || s.audio.Channels != c.want.Channels) {
				t.Errorf("%d Hz, %d channels; want %d, %d", s.audio.SampleRate, s.audio.Channels, c.want.SampleRate, c.want.Channels)
			}
		})
	}
}

func TestOpeningBeginsAtTheFirstIDR(t *testing.T) {
	early := shoot(5, 0, 33)
	early[0].Key = false
	packets := append(withAudio(early), shoot(30, 165, 33)...)
	o, s, err := openWith(ingest.Metadata{}, packets)
	if err != nil || s == nil {
		t.Fatal("not opened:", err)
	}
	held := o.release()
	if !held[0].Key || held[0].DTS != ms(165) || held[0].Video == nil {
		t.Errorf("begins at %d ms, key %v", held[0].DTS/90, held[0].Key)
	}
}

func TestOpeningRefuses(t *testing.T) {
	blind := shoot(500, 0, 33)
	blind[0].Key = false
	var sound []media.Packet
	for i := range int64(700) {
		sound = append(sound, media.Packet{Kind: media.Audio, DTS: ms(i * 21), PTS: ms(i * 21)})
	}
	cases := []struct {
		name    string
		packets []media.Packet
		want    error
	}{
		{"video that never has an IDR", blind, errNoKeyframe},
		{"audio alone", sound, errNoVideo},
		{"no end of data", []media.Packet{
			{Kind: media.Audio, Data: make([]byte, openingMost/2+1)}, {Kind: media.Audio, Data: make([]byte, openingMost/2)},
		}, errOpening},
		{"no end of packets without a byte", slices.Repeat([]media.Packet{{Kind: media.Audio}}, openingMost/heldSize+1), errOpening},
	}
	for _, c := range cases {
		if _, _, err := openWith(ingest.Metadata{}, c.packets); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
