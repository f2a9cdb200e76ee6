package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"ladderd/control/history"
)

type getStreamSessionRequest struct {
	byChannelARN
	ID *streamID `json:"streamId"`
}

type streamSessionResponse struct {
	Session streamSession `json:"streamSession"`
}

// getStreamSession finds sessions of channels that are gone, too.
func (a *API) getStreamSession(ctx context.Context, in *getStreamSessionRequest) (*streamSessionResponse, error) {
	id, ours := a.arns.id(kindChannel, string(in.Channel))
	if !ours {
		return nil, notFound(string(in.Channel))
	}
	wanted := ""
	set(&wanted, in.ID)
	s, events, err := a.history.Session(ctx, id, wanted)
	if errors.Is(err, history.ErrNone) {
		if wanted == "" {
			return nil, notFound("a stream session of " + string(in.Channel))
		}
		return nil, notFound("stream session " + wanted + " of " + string(in.Channel))
	}
	if err != nil {
		return nil, err
	}
	return &streamSessionResponse{session(s, events)}, nil
}

type listStreamSessionsRequest struct {
	byChannelARN
	paged
}

type listStreamSessionsResponse struct {
	Sessions []streamSessionSummary `json:"streamSessions"`
	further
}

// sessionList is the name of the list in its tokens.
const sessionList = "session"

func (a *API) listStreamSessions(ctx context.Context, in *listStreamSessionsRequest) (*listStreamSessionsResponse, error) {
	id, ours := a.arns.id(kindChannel, string(in.Channel))
	if !ours {
		return nil, notFound(string(in.Channel))
	}
	from, err := after(sessionList, in.Token)
	if err != nil {
		return nil, err
	}
	list, next, err := a.history.Sessions(ctx, id, from, in.most(pageMost))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 && from == "" {
		// A channel that never was is told from one that never was live.
		if _, err := a.findChannel(ctx, string(in.Channel)); err != nil {
			return nil, err
		}
	}
	out := &listStreamSessionsResponse{Sessions: make([]streamSessionSummary, len(list))}
	for i, s := range list {
		out.Sessions[i] = streamSessionSummary{ID: s.ID, Start: seconds(s.Start), End: ended(s.End), HasError: s.Failed}
	}
	if next != "" {
		out.Next = tokenAfter(sessionList, next)
	}
	return out, nil
}

// seconds is a time as the API tells it.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func ended(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = seconds(t)
	return &t
}

// Snapshot is what a session that begins now will show of its channel later, and of the
// channel's recording configuration; nil where there is none. It has no secrets.
func (a *API) Snapshot(ctx context.Context, channel string) (channelJSON, recordingJSON json.RawMessage) {
	c, err := a.findChannel(ctx, a.arns.of(kindChannel, channel))
	if err != nil {
		a.log.Warn("a stream session is without its channel", "channel", channel, "reason", err)
		return nil, nil
	}
	shown := a.channel(c)
	if shown.SRT != nil {
		shown.SRT.Passphrase = ""
	}
	channelJSON, _ = json.Marshal(shown) // our own shapes marshal
	if c.Recording == "" {
		return channelJSON, nil
	}
	var r recordingRecord
	if err := a.load(ctx, kindRecording, a.arns.of(kindRecording, c.Recording), &r); err != nil {
		a.log.Warn("a stream session is without its recording configuration", "channel", channel, "reason", err)
		return channelJSON, nil
	}
	recordingJSON, _ = json.Marshal(a.recording(&r))
	return channelJSON, recordingJSON
}

// session is how the API shows a session.
func session(s history.Session, events []history.Entry) streamSession {
	out := streamSession{
		ID: s.ID, Start: seconds(s.Start), End: ended(s.End), Channel: s.Snapshot, Recording: s.Recording,
		Events: make([]streamEvent, len(events)),
	}
	for i, e := range events {
		out.Events[i] = streamEvent{Name: e.Name, Type: e.Type, Code: e.Code, Time: seconds(e.Time)}
	}
	if s.Ingest != nil {
		out.Ingests = ingested(s.Ingest)
		out.Ingest = firstTrack(out.Ingests)
	}
	return out
}

// ingested is all tracks, which are named by their number.
func ingested(in *history.Ingest) *ingestTracks {
	out := &ingestTracks{Video: make([]ingestVideo, len(in.Videos)), Audio: make([]ingestAudio, len(in.Audios))}
	for i, v := range in.Videos {
		out.Video[i] = ingestVideo{
			Codec: v.Codec, Encoder: v.Encoder, Bitrate: v.TargetBitrate, FrameRate: int(math.Round(v.FrameRate)),
			Height: v.Height, Width: v.Width, Level: v.Level, Profile: v.Profile, Track: track(i),
		}
	}
	for i, a := range in.Audios {
		out.Audio[i] = ingestAudio{
			Codec: a.Codec, Bitrate: a.TargetBitrate, SampleRate: a.SampleRate, Channels: a.Channels, Track: track(i),
		}
	}
	return out
}

func track(i int) string { return fmt.Sprintf("Track%d", i) }

// firstTrack is what older callers look at, under the names that they know.
func firstTrack(all *ingestTracks) *ingestTrack {
	first := &ingestTrack{}
	if len(all.Video) > 0 {
		v := all.Video[0]
		v.AVCProfile, v.AVCLevel = v.Profile, v.Level
		first.Video = &v
	}
	if len(all.Audio) > 0 {
		first.Audio = &all.Audio[0]
	}
	return first
}
