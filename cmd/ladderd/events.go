package main

import (
	"log/slog"

	"ladderd/stream"
)

// logEvent writes an event as a line of the log.
func logEvent(log *slog.Logger, e stream.Event) {
	about := []any{"name", e.Name, "channel", e.Channel}
	if e.Stream != "" {
		about = append(about, "stream", e.Stream)
	}
	if e.Code != "" {
		about = append(about, "code", e.Code)
	}
	if e.Reason != "" {
		about = append(about, "reason", e.Reason)
	}
	if b := e.Breach; b != nil {
		about = append(about, "limit", b.Limit, "exceeded by", b.ExceededBy, "unit", b.Unit)
	}
	log.Info("event", about...)
}
