//go:build !fuzz

package control

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/aws/aws-sdk-go-v2/service/ivs/types"

	"ladderd/control/history"
	"ladderd/testassets/await"
	"ladderd/testassets/happened"
)

// sessionID is one as streams have them.
func sessionID(n int) string { return fmt.Sprintf("st-%023d", n) }

// stream writes a whole stream of a channel into the history.
func (b *box) stream(t *testing.T, channel string, n int, start time.Time, more ...string) {
	t.Helper()
	events := append([]string{"Session Created", "Stream Start"}, append(more, "Stream End", "Session Ended")...)
	for i, name := range events {
		e := history.Event{Event: happened.Event(name, channel, sessionID(n), start.Add(time.Duration(i)*time.Second))}
		if name == "Stream Start" {
			e.Ingest = &history.Ingest{
				Videos: []history.Video{{
					Encoder: "obs-output module (libobs version 27.0.1)", Codec: "avc1.42C028", Profile: "Baseline", Level: "4.0",
					Width: 1920, Height: 1080, FrameRate: 29.97, TargetBitrate: 3_500_000,
				}},
				Audios: []history.Audio{{Codec: "mp4a.40.2", TargetBitrate: 160_000, SampleRate: 48_000, Channels: 2}},
			}
		}
		b.history.Tell(e)
	}
	await.Soon(t, "the session is written", func() bool {
		s, _, err := b.history.Session(t.Context(), channel, sessionID(n))
		return err == nil && s.Events == int64(len(events))
	})
}

// The guide's sample (lines 2197–2247).
func TestStreamSessions(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	made := must[*ivs.CreateRecordingConfigurationOutput](t)(c.CreateRecordingConfiguration(t.Context(), &ivs.CreateRecordingConfigurationInput{
		DestinationConfiguration: &types.DestinationConfiguration{S3: &types.S3DestinationConfiguration{BucketName: aws.String("bucket")}},
	})).RecordingConfiguration
	ch := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Name: aws.String("n"), RecordingConfigurationArn: made.Arn})).Channel
	id := b.idOf(t, kindChannel, ch.Arn)
	none := must[*ivs.ListStreamSessionsOutput](t)(c.ListStreamSessions(t.Context(), &ivs.ListStreamSessionsInput{ChannelArn: ch.Arn}))
	if len(none.StreamSessions) != 0 {
		t.Errorf("before the first stream: %v", none.StreamSessions)
	}
	_, err := c.GetStreamSession(t.Context(), &ivs.GetStreamSessionInput{ChannelArn: ch.Arn})
	wantFault(t, err, "ResourceNotFoundException")
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b.stream(t, id, 1, start)
	b.stream(t, id, 2, start.Add(time.Hour), "Ingest Bitrate")
	b.stream(t, id, 3, start.Add(2*time.Hour))
	must[*ivs.DeleteChannelOutput](t)(c.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: ch.Arn})) // the sessions stay

	var got []string
	for pages := ivs.NewListStreamSessionsPaginator(c, &ivs.ListStreamSessionsInput{ChannelArn: ch.Arn, MaxResults: aws.Int32(2)}); pages.HasMorePages(); {
		for _, s := range must[*ivs.ListStreamSessionsOutput](t)(pages.NextPage(t.Context())).StreamSessions {
			got = append(got, fmt.Sprintln(*s.StreamId, s.StartTime.Sub(start), s.EndTime.Sub(*s.StartTime), s.HasErrorEvent))
		}
	}
	want := sessionID(3) + " 2h0m0s 3s false\n" + sessionID(2) + " 1h0m0s 4s true\n" + sessionID(1) + " 0s 3s false\n"
	if strings.Join(got, "") != want {
		t.Errorf("listed %v, want %v", got, want)
	}
	s := must[*ivs.GetStreamSessionOutput](t)(c.GetStreamSession(t.Context(), &ivs.GetStreamSessionInput{ChannelArn: ch.Arn, StreamId: aws.String(sessionID(2))})).StreamSession
	if *s.Channel.Name != "n" || *s.Channel.Arn != *ch.Arn || s.Channel.Srt.Passphrase != nil || *s.RecordingConfiguration.Arn != *made.Arn {
		t.Errorf("the session's channel: %+v, %+v", s.Channel, s.RecordingConfiguration)
	}
	v, a := s.IngestConfiguration.Video, s.IngestConfiguration.Audio
	if *v.AvcLevel != "4.0" || *v.AvcProfile != "Baseline" || *v.Codec != "avc1.42C028" || *v.Encoder != "obs-output module (libobs version 27.0.1)" ||
		v.TargetBitrate != 3_500_000 || v.TargetFramerate != 30 || v.VideoHeight != 1080 || v.VideoWidth != 1920 || *v.Track != "Track0" {
		t.Errorf("video %+v", v)
	}
	if a.Channels != 2 || *a.Codec != "mp4a.40.2" || a.SampleRate != 48_000 || a.TargetBitrate != 160_000 || *a.Track != "Track0" {
		t.Errorf("audio %+v", a)
	}
	all := s.IngestConfigurations
	if len(all.VideoConfigurations) != 1 || *all.VideoConfigurations[0].AvcLevel != "" || *all.VideoConfigurations[0].Level != "4.0" || len(all.AudioConfigurations) != 1 {
		t.Errorf("all tracks: %+v", all)
	}
	var names []string
	for _, e := range s.TruncatedEvents {
		names = append(names, *e.Name)
	}
	if strings.Join(names, ", ") != "Session Ended, Stream End, Ingest Bitrate, Stream Start, Session Created" || *s.TruncatedEvents[2].Type != "IVS Limit Breach" {
		t.Errorf("events %v", names)
	}
	latest := must[*ivs.GetStreamSessionOutput](t)(c.GetStreamSession(t.Context(), &ivs.GetStreamSessionInput{ChannelArn: ch.Arn})).StreamSession
	if *latest.StreamId != sessionID(3) {
		t.Errorf("the latest is %s", *latest.StreamId)
	}
	_, err = c.GetStreamSession(t.Context(), &ivs.GetStreamSessionInput{ChannelArn: ch.Arn, StreamId: aws.String(sessionID(9))})
	wantFault(t, err, "ResourceNotFoundException")
	_, err = c.ListStreamSessions(t.Context(), &ivs.ListStreamSessionsInput{ChannelArn: aws.String(*ch.Arn + "x")})
	wantFault(t, err, "ResourceNotFoundException")
}

// A live stream's session has no end.
func TestSessionOfALiveStream(t *testing.T) {
	b := newBox(t)
	b.history.Tell(history.Event{Event: happened.Event("Session Created", "c", sessionID(1), time.Now())})
	await.Soon(t, "the session is there", func() bool {
		_, _, err := b.history.Session(t.Context(), "c", "")
		return !errors.Is(err, history.ErrNone)
	})
	s := must[*ivs.GetStreamSessionOutput](t)(b.client(t).GetStreamSession(t.Context(), &ivs.GetStreamSessionInput{ChannelArn: aws.String(b.arns.of(kindChannel, "c"))})).StreamSession
	if s.EndTime != nil || s.IngestConfiguration != nil || len(s.TruncatedEvents) != 1 {
		t.Errorf("%+v", s)
	}
}
