package main

import (
	"log/slog"
	"os"

	"ladderd/config"
)

type serveCommand struct {
	Config string `type:"path" help:"The configuration file; without one the defaults run, with no channel."`
}

func (c *serveCommand) Run() error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log := newLog(cfg.Log)
	for _, w := range cfg.Warnings() {
		log.Warn("configuration", "warning", w)
	}
	ctx, stop := untilSignal()
	defer stop()
	d, err := newDaemon(cfg, log)
	if err != nil {
		return err
	}
	d.start()
	log.Info("ready", "channels", len(cfg.Channels))
	// A daemon that nobody reaches any more ends, for whoever runs it to start anew.
	select {
	case <-ctx.Done():
	case err = <-d.failed:
	}
	log.Info("draining: publishers are told, playlists get their end")
	d.close()
	return err
}

func (c *serveCommand) load() (*config.Config, error) {
	if c.Config == "" {
		return config.Default(), nil
	}
	return config.Load(c.Config)
}

func newLog(c config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
