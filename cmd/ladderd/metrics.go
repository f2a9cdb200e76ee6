package main

import (
	"log/slog"
	"path/filepath"
	"time"

	"ladderd/config"
	"ladderd/control/metrics"
	"ladderd/playback"
	"ladderd/stream"
)

// measuring is what is measured of streams, channels and the account, and kept. It is nil where
// neither the API nor the metrics' listener is on: nobody could read it.
type measuring struct {
	store     *metrics.Store
	collector *metrics.Collector
}

func openMetrics(cfg *config.Config, log *slog.Logger) *measuring {
	if !cfg.API.Listen.On() && !cfg.Metrics.Listen.On() {
		return nil
	}
	return &measuring{store: metrics.Open(metrics.Options{Path: filepath.Join(cfg.Server.DataDir, "metrics.db"), Log: log})}
}

// begin measures from now on. There are no streams yet.
func (m *measuring) begin(hub *stream.Hub, play *playback.Handler) {
	if m != nil {
		m.collector = metrics.Collect(m.store, metered{hub, play})
	}
}

// ended is told of each stream that is over.
func (m *measuring) ended(s stream.Status) {
	if m != nil {
		m.collector.Ended(measuredStream(s))
	}
}

// close measures what the streams and the viewers have left. There are none any more.
func (m *measuring) close(log *slog.Logger) {
	if m == nil {
		return
	}
	if m.collector != nil {
		m.collector.Close()
	}
	if err := m.store.Close(); err != nil {
		log.Warn("the metrics' file was not closed cleanly", "reason", err)
	}
}

// report adds to what /healthz says.
func (m *measuring) report(to map[string]any) {
	if m == nil {
		return
	}
	s := m.store.Status()
	failure := ""
	if s.Failure != nil {
		failure = s.Failure.Error()
	}
	to["metrics"] = struct {
		Lag     float64 `json:"lag_seconds"` // since all was on disk
		Lost    int64   `json:"lost_points"`
		Series  int     `json:"series"` // in memory
		Bytes   int64   `json:"disk_bytes"`
		Failure string  `json:"disk_error,omitempty"`
	}{s.Lag.Seconds(), s.Lost, s.Series, s.Bytes, failure}
}

// metered shows the hub and playback to the metrics.
type metered struct {
	hub  *stream.Hub
	play *playback.Handler
}

func (m metered) Streams() []metrics.Stream {
	reports, views := m.hub.Reports(), m.play.Audience()
	list := make([]metrics.Stream, len(reports))
	for i, s := range reports {
		list[i] = measuredStream(s)
		list[i].Views = views[s.ID]
	}
	return list
}

func (m metered) Delivered() []metrics.Delivered {
	sent := m.play.Delivered()
	list := make([]metrics.Delivered, len(sent))
	for i, s := range sent {
		list[i] = metrics.Delivered{Channel: s.Channel, Media: s.Media}
	}
	return list
}

func measuredStream(s stream.Status) metrics.Stream {
	seconds := func(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }
	t := s.Total
	return metrics.Stream{
		ID: s.ID, Channel: s.Channel, Live: s.Started, Health: s.IngestHealth, At: s.Ingest.At,
		Total: metrics.Total{
			Bits: t.VideoBits + t.AudioBits + t.MessageBits, VideoBits: t.VideoBits, AudioBits: t.AudioBits,
			Frames: t.Frames, Media: seconds(t.Media),
		},
		KeyframeInterval: seconds(s.Ingest.KeyframeInterval),
	}
}
