package main

import (
	"ladderd/control/history"
	"ladderd/stream"
)

// past is an event as the history of streams keeps it.
func past(e stream.Event) history.Event {
	return history.Event{Event: e.Event, Ingest: ingested(e.Source)}
}

func ingested(s *stream.Source) *history.Ingest {
	if s == nil {
		return nil
	}
	in := &history.Ingest{Videos: []history.Video{{
		Encoder: s.Encoder, Codec: s.Video.Codec, Profile: s.Video.Profile, Level: s.Video.Level,
		Width: s.Video.Width, Height: s.Video.Height, FrameRate: s.Video.FrameRate, TargetBitrate: s.Video.TargetBitrate,
	}}}
	if a := s.Audio; a != nil {
		in.Audios = []history.Audio{{Codec: a.Codec, TargetBitrate: a.TargetBitrate, SampleRate: a.SampleRate, Channels: a.Channels}}
	}
	return in
}
