package main

import (
	"log/slog"

	"ladderd/event"
)

// logEvent writes an event as a line of the log.
func logEvent(log *slog.Logger, e event.Event) {
	about := []any{"name", e.Name()}
	if channel := e.Channel().ID; channel != "" {
		about = append(about, "channel", channel)
	}
	if e.Stream() != "" {
		about = append(about, "stream", e.Stream())
	}
	if e.Code() != "" {
		about = append(about, "code", e.Code())
	}
	if e.Reason() != "" {
		about = append(about, "reason", e.Reason())
	}
	if b, ok := e.Breach(); ok {
		about = append(about, "limit", b.Limit, "exceeded by", b.By, "unit", b.Unit)
	}
	log.Info("event", about...)
}
