package main

import (
	"log/slog"
	"strings"
	"testing"

	"ladderd/stream"
)

func TestEventIsOneLineOfTheLog(t *testing.T) {
	cases := []struct {
		event stream.Event
		want  string
	}{
		{stream.Event{Name: stream.StreamStart, Channel: "a", Stream: "st-1"},
			`level=INFO msg=event name="Stream Start" channel=a stream=st-1`},
		{stream.Event{Name: stream.TakeoverFailure, Channel: "a", Stream: "st-1", Code: stream.TakeoverInvalidPriority},
			`level=INFO msg=event name="Stream Takeover Failure" channel=a stream=st-1 code=StreamTakeoverInvalidPriority`},
		{stream.Event{Name: stream.ConcurrentBroadcasts, Channel: "a", Breach: &stream.Breach{Limit: 2, ExceededBy: 1, Unit: "active streams"}},
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
