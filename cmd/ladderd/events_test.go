package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"ladderd/event"
)

func TestEventIsOneLineOfTheLog(t *testing.T) {
	of := event.Stream{Channel: event.Channel{ID: "a"}, ID: "st-1"}
	cases := []struct {
		event event.Event
		want  string
	}{
		{event.StreamStart(of, time.Now()),
			`level=INFO msg=event name="Stream Start" channel=a stream=st-1`},
		{event.TakeoverFailure(of, time.Now(), event.InvalidPriority),
			`level=INFO msg=event name="Stream Takeover Failure" channel=a stream=st-1 code=StreamTakeoverInvalidPriority`},
		{event.ConcurrentBroadcasts(of.Channel, time.Now(), event.Excess{Limit: 2, By: 1}),
			`level=INFO msg=event name="Concurrent Broadcasts" channel=a limit=2 "exceeded by"=1 unit="active streams"`},
	}
	for _, c := range cases {
		var log strings.Builder
		logEvent(slog.New(slog.NewTextHandler(&log, nil)), c.event)
		if _, line, _ := strings.Cut(strings.TrimSpace(log.String()), " "); line != c.want {
			t.Errorf("logged\n%s\nwant\n%s", line, c.want)
		}
	}
}
