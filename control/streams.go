package control

import (
	"cmp"
	"context"
	"slices"
)

type streamResponse struct {
	Stream stream `json:"stream"`
}

func (a *API) getStream(ctx context.Context, in *byChannelARN) (*streamResponse, error) {
	c, err := a.findChannel(ctx, string(in.Channel))
	if err != nil {
		return nil, err
	}
	for _, l := range a.streams.Live() {
		if l.Channel == c.ID {
			out := a.stream(l)
			out.PlaybackURL = a.playbackURL(c.ID)
			return &streamResponse{out}, nil
		}
	}
	return nil, notBroadcasting(string(in.Channel))
}

func notBroadcasting(arn string) *Fault {
	return fault(codeNotBroadcasting, "%s is not live", arn)
}

type listStreamsRequest struct {
	Filter *streamFilter `json:"filterBy"`
	paged
}

type streamFilter struct {
	Health *streamHealth `json:"health"`
}

type listStreamsResponse struct {
	Streams []stream `json:"streams"`
	further
}

// streamList is the name of the list in its tokens, which hold the channel's id.
const streamList = "stream"

func (a *API) listStreams(_ context.Context, in *listStreamsRequest) (*listStreamsResponse, error) {
	from, err := after(streamList, in.Token)
	if err != nil {
		return nil, err
	}
	live := slices.DeleteFunc(a.streams.Live(), func(l Live) bool {
		other := in.Filter != nil && in.Filter.Health != nil && l.Health != string(*in.Filter.Health)
		return other || from != "" && l.Channel <= from
	})
	slices.SortFunc(live, func(a, b Live) int { return cmp.Compare(a.Channel, b.Channel) })
	live, more := cut(streamList, live, in.most(pageMost), func(l Live) string { return l.Channel })
	out := &listStreamsResponse{Streams: make([]stream, len(live)), further: more}
	for i, l := range live {
		out.Streams[i] = a.stream(l)
	}
	return out, nil
}

func (a *API) stream(l Live) stream {
	return stream{
		Channel: a.arns.of(kindChannel, l.Channel), ID: l.ID, Start: seconds(l.Start), State: "LIVE",
		Health: l.Health, Viewers: l.Viewers,
	}
}

func (a *API) stopStream(ctx context.Context, in *byChannelARN) (*empty, error) {
	c, err := a.findChannel(ctx, string(in.Channel))
	if err != nil {
		return nil, err
	}
	live, err := a.streams.Stop(ctx, c.ID)
	if err != nil {
		return nil, fault(codeStopping, "the stream is being stopped, and has not ended yet: %s", err)
	}
	if !live {
		return nil, notBroadcasting(string(in.Channel))
	}
	return &empty{}, nil
}

type putMetadataRequest struct {
	byChannelARN
	Metadata *secretText `json:"metadata" required:"true"`
}

func (r *putMetadataRequest) channel() string { return string(r.Channel) }

// metadataMost is how much a request may put into a stream (guide, line 8938), in bytes.
const metadataMost = 1 << 10

func (a *API) putMetadata(ctx context.Context, in *putMetadataRequest) (*empty, error) {
	if n := len(*in.Metadata); n > metadataMost {
		return nil, fault(codeValidation, "metadata has %d bytes, and %d are allowed", n, metadataMost)
	}
	c, err := a.findChannel(ctx, string(in.Channel))
	if err != nil {
		return nil, err
	}
	live, err := a.streams.Metadata(c.ID, string(*in.Metadata))
	if err != nil {
		return nil, fault(codeThrottled, "the stream does not take more metadata now: %s", err)
	}
	if !live {
		return nil, notBroadcasting(string(in.Channel))
	}
	return nil, nil
}

// noAds answers for the operations of server-side ad insertion.
func (a *API) noAds(context.Context, *empty) (*empty, error) {
	return nil, fault(codeValidation, "this appliance inserts no advertisements, and has no ad configurations")
}
