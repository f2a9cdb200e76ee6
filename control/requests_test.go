//go:build !fuzz

package control

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ivs"
)

// stuckStreams take as long to stop as they may.
type stuckStreams struct {
	*fakeStreams
	asked chan struct{}
	left  atomic.Bool
}

func (s *stuckStreams) Stop(ctx context.Context, _ string) (bool, error) {
	close(s.asked)
	<-ctx.Done()
	s.left.Store(true)
	return true, ctx.Err()
}

// What requests use is closed when Close has returned.
func TestCloseWaitsForRequests(t *testing.T) {
	b := newBox(t)
	stuck := &stuckStreams{fakeStreams: b.streams, asked: make(chan struct{})}
	b.API.streams = stuck
	c := b.client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{})).Channel
	ctx, stop := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := c.StopStream(ctx, &ivs.StopStreamInput{ChannelArn: made.Arn})
		answered <- err
	}()
	<-stuck.asked
	b.Close()
	if !stuck.left.Load() {
		t.Error("a request goes on")
	}
	stop()
	if err := <-answered; err == nil {
		t.Error("the stream has been stopped")
	}
	answer, err := http.Post(b.url+"/GetChannel", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after Close: %s", answer.Status)
	}
}

func TestStreamThatDoesNotStopIsUnavailable(t *testing.T) {
	b := newBox(t)
	b.API.streams = &stuckStreams{fakeStreams: b.streams, asked: make(chan struct{})}
	made, err := b.createChannel(t.Context(), &createChannelRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	streams := b.API.streams.(*stuckStreams)
	go func() {
		<-streams.asked
		stop()
	}()
	_, err = b.stopStream(ctx, &byChannelARN{channelARN(made.Channel.ARN)})
	var f *Fault
	if !errors.As(err, &f) || f.Code != "StreamUnavailable" || f.Status != http.StatusServiceUnavailable {
		t.Errorf("%v", err)
	}
}

// lateStreams has a publisher who comes as soon as it has been looked for him.
type lateStreams struct{ *fakeStreams }

func (l lateStreams) OnAir(channel string) bool {
	was := l.fakeStreams.OnAir(channel)
	l.set(Live{Channel: channel})
	return was
}

func (l lateStreams) Stop(_ context.Context, channel string) (bool, error) {
	live := l.fakeStreams.OnAir(channel)
	l.set()
	return live, nil
}

// Nobody can stop the stream of a channel that is gone.
func TestStreamThatBeginsWhileItsChannelIsDeletedEnds(t *testing.T) {
	b := newBox(t)
	b.API.streams = lateStreams{b.streams}
	made, err := b.createChannel(t.Context(), &createChannelRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.deleteChannel(t.Context(), &byARN{channelARN(made.Channel.ARN)}); err != nil {
		t.Fatal(err)
	}
	if live := b.streams.Live(); len(live) > 0 {
		t.Errorf("%v is live", live)
	}
}
