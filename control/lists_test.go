//go:build !fuzz

package control

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/aws/aws-sdk-go-v2/service/ivs/types"

	"ladderd/store"
)

func TestChannelsAreListedPageByPage(t *testing.T) {
	b := newBox(t, func(s *Settings) {
		s.Fixed = []FixedChannel{
			{ID: "000first", Name: "fixed", Type: "BASIC", Latency: "LOW", Container: "TS", Key: "sk_first"},
			{ID: "zzzlast", Name: "fixed", Type: "BASIC", Latency: "LOW", Container: "TS", Key: "sk_last"},
		}
	})
	c := b.client(t)
	var want []string
	for i := range 7 {
		made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Name: aws.String(fmt.Sprintf("n%d", i%2))}))
		want = append(want, *made.Channel.Arn)
	}
	slices.Sort(want)
	want = append([]string{b.arns.of(kindChannel, "000first")}, append(want, b.arns.of(kindChannel, "zzzlast"))...)
	for _, size := range []int32{1, 2, 3, 8, 9, 100} {
		var got []string
		pages := ivs.NewListChannelsPaginator(c, &ivs.ListChannelsInput{MaxResults: &size})
		for pages.HasMorePages() {
			page := must[*ivs.ListChannelsOutput](t)(pages.NextPage(t.Context()))
			if len(page.Channels) > int(size) || len(page.Channels) == 0 {
				t.Fatalf("a page of %d, at most %d are wanted", len(page.Channels), size)
			}
			for _, ch := range page.Channels {
				got = append(got, *ch.Arn)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v, want %v", size, got, want)
		}
	}
	named := must[*ivs.ListChannelsOutput](t)(c.ListChannels(t.Context(), &ivs.ListChannelsInput{FilterByName: aws.String("n1")}))
	if len(named.Channels) != 3 || named.NextToken != nil {
		t.Errorf("by name: %+v", named)
	}
	_, err := c.ListChannels(t.Context(), &ivs.ListChannelsInput{FilterByName: aws.String("n1"), FilterByRecordingConfigurationArn: aws.String("")})
	wantFault(t, err, "ConflictException")
	for _, token := range []string{"bm9uc2Vuc2U=", "////", tokenAfter(string(kindPolicy), "x")} {
		_, err := c.ListChannels(t.Context(), &ivs.ListChannelsInput{NextToken: &token})
		wantFault(t, err, "ValidationException")
	}
	batch := must[*ivs.BatchGetChannelOutput](t)(c.BatchGetChannel(t.Context(), &ivs.BatchGetChannelInput{Arns: []string{want[0], want[1], want[1], want[1] + "x"}}))
	if len(batch.Channels) != 2 || len(batch.Errors) != 1 {
		t.Errorf("batch: %+v", batch)
	}
}

func TestChannelsOfTheFileCannotBeChanged(t *testing.T) {
	b := newBox(t, func(s *Settings) {
		s.Fixed = []FixedChannel{{ID: "studio_A", Name: "Studio A", Type: "STANDARD", Latency: "LOW", Container: "FRAGMENTED_MP4", Key: "sk_local_studioA_change-me"}}
	})
	c := b.client(t)
	arn := aws.String(b.arns.of(kindChannel, "studio_A"))
	got := must[*ivs.GetChannelOutput](t)(c.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: arn})).Channel
	if *got.Name != "Studio A" || got.ContainerFormat != types.ContainerFormatFragmentedMP4 {
		t.Errorf("got %+v", got)
	}
	keys := must[*ivs.ListStreamKeysOutput](t)(c.ListStreamKeys(t.Context(), &ivs.ListStreamKeysInput{ChannelArn: arn})).StreamKeys
	key := must[*ivs.GetStreamKeyOutput](t)(c.GetStreamKey(t.Context(), &ivs.GetStreamKeyInput{Arn: keys[0].Arn})).StreamKey
	if *key.Value != "sk_local_studioA_change-me" {
		t.Errorf("key %+v", key)
	}
	_, err := c.UpdateChannel(t.Context(), &ivs.UpdateChannelInput{Arn: arn, Name: aws.String("x")})
	wantFault(t, err, "ConflictException")
	_, err = c.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: arn})
	wantFault(t, err, "ConflictException")
	_, err = c.DeleteStreamKey(t.Context(), &ivs.DeleteStreamKeyInput{Arn: key.Arn})
	wantFault(t, err, "ConflictException")
	_, err = c.CreateStreamKey(t.Context(), &ivs.CreateStreamKeyInput{ChannelArn: arn})
	wantFault(t, err, "ConflictException")
	_, err = c.TagResource(t.Context(), &ivs.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a": "b"}})
	wantFault(t, err, "ConflictException")
}

func TestStreamsAreListedByHealth(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	start := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	var arns []*string
	var live []Live
	for i, health := range []string{"HEALTHY", "STARVING", "HEALTHY"} {
		made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{}))
		arns = append(arns, made.Channel.Arn)
		live = append(live, Live{
			ID: fmt.Sprintf("st-%023d", i), Channel: b.idOf(t, kindChannel, made.Channel.Arn), Start: start, Health: health, Viewers: int64(i),
		})
	}
	_, err := c.GetStream(t.Context(), &ivs.GetStreamInput{ChannelArn: arns[1]})
	wantFault(t, err, "ChannelNotBroadcasting")
	_, err = c.StopStream(t.Context(), &ivs.StopStreamInput{ChannelArn: arns[1]})
	wantFault(t, err, "ChannelNotBroadcasting")
	_, err = c.PutMetadata(t.Context(), &ivs.PutMetadataInput{ChannelArn: arns[1], Metadata: aws.String("m")})
	wantFault(t, err, "ChannelNotBroadcasting")
	b.streams.set(live...)
	got := must[*ivs.GetStreamOutput](t)(c.GetStream(t.Context(), &ivs.GetStreamInput{ChannelArn: arns[1]})).Stream
	if *got.StreamId != live[1].ID || got.Health != types.StreamHealthStarving || got.State != types.StreamStateStreamLive ||
		got.ViewerCount != 1 || !got.StartTime.Equal(start.Truncate(time.Second)) || *got.PlaybackUrl == "" {
		t.Errorf("got %+v", got)
	}
	all := must[*ivs.ListStreamsOutput](t)(c.ListStreams(t.Context(), &ivs.ListStreamsInput{}))
	starving := must[*ivs.ListStreamsOutput](t)(c.ListStreams(t.Context(), &ivs.ListStreamsInput{FilterBy: &types.StreamFilters{Health: types.StreamHealthStarving}}))
	if len(all.Streams) != 3 || len(starving.Streams) != 1 || *starving.Streams[0].ChannelArn != *arns[1] {
		t.Errorf("all %+v, starving %+v", all.Streams, starving.Streams)
	}
	var paged []string
	for pages := ivs.NewListStreamsPaginator(c, &ivs.ListStreamsInput{MaxResults: aws.Int32(1)}); pages.HasMorePages(); {
		for _, s := range must[*ivs.ListStreamsOutput](t)(pages.NextPage(t.Context())).Streams {
			paged = append(paged, *s.StreamId)
		}
	}
	if len(paged) != 3 {
		t.Errorf("page by page: %v", paged)
	}
	must[*ivs.PutMetadataOutput](t)(c.PutMetadata(t.Context(), &ivs.PutMetadataInput{ChannelArn: arns[1], Metadata: aws.String("goal!")}))
	if !slices.Equal(b.streams.metadata, []string{"goal!"}) {
		t.Errorf("the stream got %v", b.streams.metadata)
	}
}

func TestQuotaOfChannels(t *testing.T) {
	b := newBox(t, func(s *Settings) { s.Quotas.Channels = 2 })
	c := b.client(t)
	first := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{}))
	must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{}))
	_, err := c.CreateChannel(t.Context(), &ivs.CreateChannelInput{})
	wantFault(t, err, "ServiceQuotaExceededException")
	must[*ivs.DeleteChannelOutput](t)(c.DeleteChannel(t.Context(), &ivs.DeleteChannelInput{Arn: first.Channel.Arn}))
	must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{}))
}

func TestMultitrackInputHasItsConditions(t *testing.T) {
	c := newBox(t).client(t)
	whole := &types.MultitrackInputConfiguration{Enabled: true, Policy: types.MultitrackPolicyAllow, MaximumResolution: types.MultitrackMaximumResolutionFullHd}
	for name, bad := range map[string]*ivs.CreateChannelInput{
		"no fMP4":        {MultitrackInputConfiguration: whole},
		"not STANDARD":   {MultitrackInputConfiguration: whole, ContainerFormat: types.ContainerFormatFragmentedMP4, Type: types.ChannelTypeBasicChannelType},
		"no policy":      {MultitrackInputConfiguration: &types.MultitrackInputConfiguration{Enabled: true}, ContainerFormat: types.ContainerFormatFragmentedMP4},
		"preset, no ADV": {Preset: types.TranscodePresetHigherBandwidthTranscodePreset},
		"ads":            {AdConfigurationArn: aws.String("arn:aws:ivs:local:000000000000:ad-configuration/x")},
	} {
		_, err := c.CreateChannel(t.Context(), bad)
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{
		MultitrackInputConfiguration: whole, ContainerFormat: types.ContainerFormatFragmentedMP4,
	})).Channel
	if m := made.MultitrackInputConfiguration; !m.Enabled || m.Policy != whole.Policy || m.MaximumResolution != whole.MaximumResolution {
		t.Errorf("made %+v", m)
	}
}

func TestNoAdvertisements(t *testing.T) {
	c := newBox(t).client(t)
	arn := aws.String("arn:aws:ivs:local:000000000000:ad-configuration/x")
	ads := []types.MediaTailorPlaybackConfiguration{{PlaybackConfigurationArn: aws.String("arn:aws:mediatailor:us-east-1:000000000000:playbackConfiguration/x")}}
	_, made := c.CreateAdConfiguration(t.Context(), &ivs.CreateAdConfigurationInput{MediaTailorPlaybackConfigurations: ads})
	_, got := c.GetAdConfiguration(t.Context(), &ivs.GetAdConfigurationInput{Arn: arn})
	_, listed := c.ListAdConfigurations(t.Context(), &ivs.ListAdConfigurationsInput{})
	_, deleted := c.DeleteAdConfiguration(t.Context(), &ivs.DeleteAdConfigurationInput{Arn: arn})
	_, inserted := c.InsertAdBreak(t.Context(), &ivs.InsertAdBreakInput{ChannelArn: aws.String("arn:aws:ivs:local:000000000000:channel/x"), DurationSeconds: aws.Int32(30)})
	for _, err := range []error{made, got, listed, deleted, inserted} {
		wantFault(t, err, "ValidationException")
	}
}

func TestViewerSessionsAreRevoked(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{})).Channel
	id := b.idOf(t, kindChannel, made.Arn)
	revoke := func(viewer string, version int32) {
		must[*ivs.StartViewerSessionRevocationOutput](t)(c.StartViewerSessionRevocation(t.Context(), &ivs.StartViewerSessionRevocationInput{
			ChannelArn: made.Arn, ViewerId: &viewer, ViewerSessionVersionsLessThanOrEqualTo: version,
		}))
	}
	revoke("a/b", 7)
	revoke("a/b", 3)
	out := must[*ivs.BatchStartViewerSessionRevocationOutput](t)(c.BatchStartViewerSessionRevocation(t.Context(), &ivs.BatchStartViewerSessionRevocationInput{
		ViewerSessions: []types.BatchStartViewerSessionRevocationViewerSession{
			{ChannelArn: made.Arn, ViewerId: aws.String("c")}, {ChannelArn: aws.String(*made.Arn + "x"), ViewerId: aws.String("d")},
		},
	}))
	if len(out.Errors) != 1 || *out.Errors[0].ViewerId != "d" || *out.Errors[0].Code != "ResourceNotFoundException" {
		t.Errorf("batch: %+v", out.Errors)
	}
	for viewer, version := range map[string]int{"a/b": 7, "c": 0} {
		var r revocationRecord
		d := &draft{ctx: t.Context(), store: b.store, read: map[string]bool{}}
		if found, err := d.get(revocationKey(id, viewer), &r); !found || err != nil || r.Version != version {
			t.Errorf("revocation of %s: %v %v %+v", viewer, found, err, r)
		}
	}
}

// Revocations go when no session that they concern can last any more.
func TestOldRevocationsGo(t *testing.T) {
	b := newBox(t)
	c := b.client(t)
	made := must[*ivs.CreateChannelOutput](t)(c.CreateChannel(t.Context(), &ivs.CreateChannelInput{})).Channel
	id := b.idOf(t, kindChannel, made.Arn)
	d := &draft{ctx: t.Context(), store: b.store, read: map[string]bool{}}
	for viewer, age := range map[string]time.Duration{"old": revocationKept + time.Minute, "young": revocationKept - time.Minute} {
		if err := d.put(revocationKey(id, viewer), revocationRecord{At: time.Now().Add(-age)}); err != nil {
			t.Fatal(err)
		}
	}
	must[int64](t)(b.store.Apply(t.Context(), d.change))
	if err := b.purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := must[store.Page](t)(b.store.List(t.Context(), revocations, "", 0))
	if len(left.Entries) != 1 || left.Entries[0].Key != revocationKey(id, "young") {
		t.Errorf("left: %v", left.Entries)
	}
}
