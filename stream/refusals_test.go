package stream

import (
	"testing"
	"time"

	"ladderd/event"
	"ladderd/testassets/happened"
)

func TestRefusalsAreToldNowAndThen(t *testing.T) {
	var r refusals
	at := func(seconds int) time.Time { return dawn.Add(time.Duration(seconds) * time.Second) }
	for i, c := range []struct {
		name, channel string
		at            int
		news          bool
	}{
		{event.NameConcurrentBroadcasts, "a", 0, true},
		{event.NameConcurrentBroadcasts, "a", 1, false},
		{event.NameConcurrentBroadcasts, "b", 1, true},
		{event.NameTakeoverFailure, "a", 1, true},
		{event.NameConcurrentBroadcasts, "a", 9, false},
		{event.NameConcurrentBroadcasts, "a", 10, true},
		{event.NameTakeoverFailure, "a", 30, true},
		{event.NameStreamStart, "a", 30, true},
		{event.NameStreamStart, "a", 30, true},
		{event.NameTakeoverFailure, "a", 0, true}, // the clock was set back
	} {
		if got := r.news(happened.Event(c.name, c.channel, "st-1", at(c.at))); got != c.news {
			t.Errorf("%d: %s of %s at %d s: %t", i, c.name, c.channel, c.at, got)
		}
	}
	other := event.TakeoverFailure(event.Stream{Channel: event.Channel{ID: "a"}, ID: "st-1"}, at(0), event.LimitBreached)
	if !r.news(other) {
		t.Error("another reason is not told")
	}
	if len(r.told) > 3 {
		t.Errorf("%d are remembered", len(r.told))
	}
}
