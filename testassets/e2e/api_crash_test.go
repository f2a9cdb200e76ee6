package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/aws/aws-sdk-go-v2/service/ivs/types"

	"ladderd/testassets/awssdk"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// apiClient is the AWS SDK's, for a daemon's API.
func apiClient(t *testing.T, d *daemon.Daemon) *ivs.Client {
	t.Helper()
	client, closing := awssdk.Client(d.API(), daemon.Region, aws.Credentials{AccessKeyID: daemon.AccessKey, SecretAccessKey: daemon.SecretKey})
	t.Cleanup(closing)
	return client
}

// acknowledged is what the API has said is so.
type acknowledged struct {
	mu       sync.Mutex
	channels map[string]*kept // by ARN
	gone     []string         // ARNs of those that were deleted
	calls    int
}

// kept is a channel as it was acknowledged last. What was being asked when the daemon died may
// have happened or not.
type kept struct {
	name, key string // the stream key's value
	asked     string // the name that it may have too
	doubtful  bool   // it may be gone
}

// Whatever the API had acknowledged when the daemon was killed is there afterwards, and what
// is there can be used.
func TestAcknowledgedChangesSurviveKills(t *testing.T) {
	t.Parallel()
	file := clip(t, publish.Clip{Name: "crash", Width: 320, Height: 180, Rate: "30", Seconds: 8, Bitrate: 300_000, GOP: 1})
	useCPU(t, passing)
	d := startDaemonWith(t, daemon.Settings{API: true})
	ack := &acknowledged{channels: map[string]*kept{}}
	for round := range 4 {
		ack.load(t, d)
		if err := d.Again(t.Context()); err != nil {
			t.Fatal(err)
		}
		ack.check(t, apiClient(t, d), round)
	}
	if ack.calls < 20 {
		t.Errorf("only %d calls were acknowledged", ack.calls)
	}
	for arn, k := range ack.channels {
		resetKey(t, d, file, arn, k.key)
		return // one will do
	}
	t.Error("no channel is left")
}

// resetKey publishes with a channel's key, stops that for good by deleting the key, and goes on
// with another one.
func resetKey(t *testing.T, d *daemon.Daemon, file, arn, key string) {
	t.Helper()
	c := apiClient(t, d)
	ctx := within(t, 40*time.Second)
	live := func(key string) {
		t.Helper()
		publisher, err := publish.FFmpeg(d.RTMP(key), file)
		stopAtEnd(t, publisher, err)
		awaitOrFail(t, ctx, "the channel to be live", func() (bool, error) {
			_, err := c.GetStream(ctx, &ivs.GetStreamInput{ChannelArn: &arn})
			var offline *types.ChannelNotBroadcasting
			if errors.As(err, &offline) {
				return false, nil
			}
			return err == nil, err
		}, nil)
	}
	live(key)
	keys, err := c.ListStreamKeys(ctx, &ivs.ListStreamKeysInput{ChannelArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteStreamKey(ctx, &ivs.DeleteStreamKeyInput{Arn: keys.StreamKeys[0].Arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.StopStream(ctx, &ivs.StopStreamInput{ChannelArn: &arn}); err != nil {
		t.Fatal(err)
	}
	refused, err := publish.FFmpeg(d.RTMP(key), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := refused.Wait(); err == nil || !strings.Contains(refused.Output(), "stream key") {
		t.Errorf("with the key that was deleted: %v\n%s", err, refused.Output())
	}
	made, err := c.CreateStreamKey(ctx, &ivs.CreateStreamKeyInput{ChannelArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	live(*made.StreamKey.Value)
}

// load has many callers change channels until the daemon is about to be killed, which is at
// any moment.
func (a *acknowledged) load(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	c := apiClient(t, d)
	ctx, stop := context.WithTimeout(t.Context(), time.Duration(100+rand.IntN(500))*time.Millisecond)
	defer stop()
	var callers sync.WaitGroup
	for n := range 6 {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				a.change(t.Context(), c, fmt.Sprintf("n%d-%d", n, i))
			}
		})
	}
	<-ctx.Done()
	if err := d.Kill(); err != nil { // while they call
		t.Error(err)
	}
	callers.Wait()
}

// change makes, renames or deletes a channel of this caller's own.
func (a *acknowledged) change(ctx context.Context, c *ivs.Client, name string) {
	made, err := c.CreateChannel(ctx, &ivs.CreateChannelInput{Name: &name, Type: types.ChannelTypeBasicChannelType, InsecureIngest: true})
	if err != nil {
		return
	}
	arn := *made.Channel.Arn
	k := &kept{name: name, key: *made.StreamKey.Value, asked: name + "-renamed"}
	a.note(func() { a.channels[arn] = k })
	if _, err := c.UpdateChannel(ctx, &ivs.UpdateChannelInput{Arn: &arn, Name: &k.asked}); err != nil {
		return
	}
	a.note(func() { k.name = k.asked })
	if rand.IntN(3) > 0 {
		return
	}
	a.note(func() { k.doubtful = true })
	if _, err := c.DeleteChannel(ctx, &ivs.DeleteChannelInput{Arn: &arn}); err == nil {
		a.note(func() {
			delete(a.channels, arn)
			a.gone = append(a.gone, arn)
		})
	}
}

func (a *acknowledged) note(what func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	what()
}

// check compares all that was acknowledged with what there is. What nobody was told of may be
// there too.
func (a *acknowledged) check(t *testing.T, c *ivs.Client, round int) {
	t.Helper()
	there := map[string]string{} // names by ARN
	for pages := ivs.NewListChannelsPaginator(c, &ivs.ListChannelsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, ch := range page.Channels {
			there[*ch.Arn] = *ch.Name
		}
	}
	for _, arn := range a.gone {
		if _, found := there[arn]; found {
			t.Errorf("round %d: %s is there again", round, arn)
		}
	}
	for arn, k := range a.channels {
		name, found := there[arn]
		switch {
		case !found && k.doubtful:
			delete(a.channels, arn)
			continue
		case !found:
			t.Errorf("round %d: %s is gone", round, arn)
			continue
		case name != k.name && name != k.asked:
			t.Errorf("round %d: %s is named %s, not %s", round, arn, name, k.name)
		}
		k.name, k.doubtful = name, false
		keys, err := c.ListStreamKeys(t.Context(), &ivs.ListStreamKeysInput{ChannelArn: &arn})
		if err != nil || len(keys.StreamKeys) != 1 {
			t.Fatalf("round %d: keys of %s: %v, %v", round, arn, keys, err)
		}
		key, err := c.GetStreamKey(t.Context(), &ivs.GetStreamKeyInput{Arn: keys.StreamKeys[0].Arn})
		if err != nil || *key.StreamKey.Value != k.key {
			t.Errorf("round %d: another key of %s: %v", round, arn, err)
		}
	}
}
