package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ladderd/event"
)

var (
	at   = time.Date(2017, 6, 12, 12, 23, 43, 999, time.FixedZone("", 2*3600))
	mine = event.Stream{Channel: event.Channel{ID: "AbCdef1G2hij", Name: "Your Channel"}, ID: "st-1A2b3c4D5e6F78ghij9Klmn"}
)

// The details of the guide's samples (lines 7724–8070).
func TestEnvelopesAreTheGuides(t *testing.T) {
	const arn = "arn:aws:ivs:us-east-1:123456789012:channel/AbCdef1G2hij"
	excess := event.Excess{Limit: 1234, By: 3}
	state := func(name string) map[string]any {
		return map[string]any{"event_name": name, "channel_name": "Your Channel", "stream_id": mine.ID}
	}
	with := func(detail map[string]any, key string, value any) map[string]any {
		detail[key] = value
		return detail
	}
	breach := func(name, unit string) map[string]any {
		return map[string]any{"limit_name": name, "limit_value": 1234.0, "exceeded_by": 3.0, "limit_unit": unit}
	}
	ours := func(detail map[string]any) map[string]any {
		detail["channel_name"], detail["stream_id"] = "Your Channel", mine.ID
		return detail
	}
	for _, c := range []struct {
		event     event.Event
		kind      string
		detail    map[string]any
		resources []any
		fault     bool
	}{
		{event.SessionCreated(mine, at), "IVS Stream State Change", state("Session Created"), []any{arn}, false},
		{event.SessionEnded(mine, at), "IVS Stream State Change", state("Session Ended"), []any{arn}, false},
		{event.StreamStart(mine, at), "IVS Stream State Change", state("Stream Start"), []any{arn}, false},
		{event.StreamEnd(mine, at), "IVS Stream State Change", state("Stream End"), []any{arn}, false},
		{event.StreamFailure(mine, at), "IVS Stream State Change",
			with(state("Stream Failure"), "reason", "Transcode capacity exceeded. Please try again."), []any{arn}, true},
		{event.StreamTakeover(mine, at), "IVS Stream State Change", state("Stream Takeover"), []any{arn}, false},
		{event.TakeoverFailure(mine, at, event.InvalidPriority), "IVS Stream State Change",
			with(state("Stream Takeover Failure"), "code", "StreamTakeoverInvalidPriority"), []any{arn}, true},
		{event.StarvationStart(mine, at), "IVS Stream Health Change", state("Starvation Start"), []any{arn}, false},
		{event.StarvationEnd(mine, at), "IVS Stream Health Change", state("Starvation End"), []any{arn}, false},
		{event.IngestBitrate(mine, at, excess), "IVS Limit Breach", ours(breach("Ingest Bitrate", "bits per second")), []any{arn}, true},
		{event.IngestResolution(mine, at, excess, event.TotalPixels), "IVS Limit Breach", ours(breach("Ingest Resolution", "total pixels")), []any{arn}, true},
		{event.IngestResolution(mine, at, excess, event.PixelsPerEdge), "IVS Limit Breach", ours(breach("Ingest Resolution", "pixels per edge")), []any{arn}, true},
		{event.ConcurrentBroadcasts(mine.Channel, at, excess), "IVS Limit Breach", breach("Concurrent Broadcasts", "active streams"), []any{}, true},
		{event.ConcurrentViewers(at, excess), "IVS Limit Breach", breach("Concurrent Viewers", "viewers"), []any{}, true},
	} {
		var got map[string]any
		if err := json.Unmarshal(c.event.Envelope(event.Account{Region: "us-east-1", ID: "123456789012"}), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"version": "0", "id": c.event.ID(), "detail-type": c.kind, "source": "aws.ivs", "account": "123456789012",
			"time": "2017-06-12T10:23:43Z", "region": "us-east-1", "resources": c.resources, "detail": c.detail,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.event.Name(), diff)
		}
		if c.event.Fault() != c.fault || c.event.Type() != c.kind || !c.event.Time().Equal(at) {
			t.Errorf("%s: fault %t, type %s, time %s", c.event.Name(), c.event.Fault(), c.event.Type(), c.event.Time())
		}
	}
}

// A channel without a name has an empty one, as the guide's samples have.
func TestChannelsWithoutANameAreThere(t *testing.T) {
	var got struct {
		Detail map[string]any `json:"detail"`
	}
	e := event.IngestBitrate(event.Stream{Channel: event.Channel{ID: "a"}, ID: "st-1"}, at, event.Excess{Limit: 1, By: 1})
	if err := json.Unmarshal(e.Envelope(event.Account{}), &got); err != nil || got.Detail["channel_name"] != "" {
		t.Errorf("%v, %v", got.Detail, err)
	}
}

func TestEachEventIsAnother(t *testing.T) {
	if a, b := event.StreamStart(mine, at), event.StreamStart(mine, at); a.ID() == b.ID() || a.ID() == "" {
		t.Errorf("ids %q and %q", a.ID(), b.ID())
	}
}
