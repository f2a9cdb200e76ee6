package stream

import (
	"errors"
	"reflect"
	"testing"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
)

func TestSourceIsWhatCameAndWhatWasSaid(t *testing.T) {
	video := realVideo(t)
	measured := ladder.Input{Rate: media.Rate{Num: 30, Den: 1}}
	of := SourceVideo{Codec: "avc1.64001f", Profile: "High", Level: "3.1", Width: 1280, Height: 720, FrameRate: 30}
	told := of
	told.FrameRate, told.TargetBitrate = 29.97, 3_500_000
	for _, c := range []struct {
		name string
		from source
		says ingest.Metadata
		want Source
	}{
		{"a silent encoder's", source{video: video, audio: testAudio, input: measured}, ingest.Metadata{},
			Source{Video: of, Audio: &SourceAudio{Codec: "mp4a.40.2", SampleRate: testAudio.SampleRate, Channels: testAudio.Channels}}},
		{"without audio", source{video: video, input: measured}, ingest.Metadata{Encoder: "Studio 1.0", AudioBitrate: 160_000},
			Source{Encoder: "Studio 1.0", Video: of}},
		{"in its own words", source{video: video, audio: testAudio, input: measured},
			ingest.Metadata{Encoder: "Studio 1.0", Width: 1920, FrameRate: 29.97, VideoBitrate: 3_500_000, AudioBitrate: 160_000, SampleRate: 1, Channels: 7},
			Source{Encoder: "Studio 1.0", Video: told, Audio: &SourceAudio{
				Codec: "mp4a.40.2", SampleRate: testAudio.SampleRate, Channels: testAudio.Channels, TargetBitrate: 160_000,
			}}},
	} {
		if got := c.from.describe(c.says); !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, *got, c.want)
		}
	}
}

func TestSourceFollowsThePublishers(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		encoders := func() (list []string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, e := range r.events {
				switch named := e.Name() == event.NameStreamStart || e.Name() == event.NameStreamTakeover; {
				case named != (e.Source != nil):
					t.Errorf("event %s with source %+v", e.Name(), e.Source)
				case named:
					list = append(list, e.Source.Encoder)
				}
			}
			return list
		}
		expect := func(encoder string, bitrate int) {
			t.Helper()
			if s := r.status().Source; s == nil || s.Encoder != encoder || s.Video.TargetBitrate != bitrate {
				t.Errorf("source %+v, want that of %s", s, encoder)
			}
		}
		shot := footageOf(t)
		publish := func(query, encoder string, bitrate int) *peer {
			p := r.join(t, query)
			p.Announce(ingest.Metadata{Encoder: encoder, VideoBitrate: bitrate})
			shot.from += 1000_000
			p.send(t, shot.shoot(3)...)
			return p
		}
		first := r.join(t, "")
		first.Announce(ingest.Metadata{Encoder: "one"})
		first.send(t, shot.shoot(0.1)...)
		if st := r.status(); st.Source != nil || st.Started || st.Encoder != "one" {
			t.Errorf("before its media are known: %+v", st)
		}
		first.Close(nil)
		publish("", "two", 2_000_000)
		if st := r.status(); !st.Started {
			t.Errorf("not started: %+v", st)
		}
		expect("two", 2_000_000)
		third := publish("priority=1", "three", 3_000_000)
		expect("three", 3_000_000)
		third.Announce(ingest.Metadata{Encoder: "three", VideoBitrate: 3_300_000})
		expect("three", 3_300_000)
		third.Close(errors.New("cable"))
		expect("three", 3_300_000)
		publish("", "four", 4_000_000)
		expect("four", 4_000_000)
		if got := encoders(); !reflect.DeepEqual(got, []string{"two", "three"}) {
			t.Errorf("events told of %q", got)
		}
	})
}
