package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"ladderd/config"
	"ladderd/playback"
)

type serveCommand struct {
	Config string `type:"path" help:"The configuration file; without one the defaults run, with no channel."`
}

func (c *serveCommand) Run() error {
	// A signal that nobody has asked for ends the process, so this comes before all
	// that takes time.
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP, goBack)
	defer signal.Stop(asked)
	cfg, err := c.load()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	level.Set(cfg.Log.Level)
	log := newLog(cfg.Log.Format, level)
	for _, w := range cfg.Warnings() {
		log.Warn("configuration", "warning", w)
	}
	warnOfFiles(cfg.Playback.MaxConnections, log)
	limitGarbage()
	ctx, stop := untilSignal()
	defer stop()
	d, err := newDaemon(cfg, log)
	if err != nil {
		return err
	}
	d.file, d.level = c.Config, level
	d.start()
	tellChannels(cfg.Server, cfg.Channels, log)
	log.Info("ready", "channels", len(cfg.Channels))
	err = d.await(ctx, asked)
	log.Info("draining: publishers are told, playlists get their end")
	d.close()
	return err
}

// goBack is the signal that asks for streams to go back to better devices.
const goBack = syscall.SIGUSR2

// await does what signals ask for, until ctx ends or a listener fails: a daemon that
// nobody reaches any more ends, for whoever runs it to start anew.
func (d *daemon) await(ctx context.Context, asked <-chan os.Signal) error {
	for {
		select {
		case s := <-asked:
			if s == goBack {
				d.back()
			} else {
				d.reload()
			}
		case <-ctx.Done():
			return nil
		case err := <-d.failed:
			return err
		}
	}
}

func (c *serveCommand) load() (*config.Config, error) {
	if c.Config == "" {
		return config.Default(), nil
	}
	return config.Load(c.Config)
}

func newLog(format string, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// tellChannels says where each of these channels can be watched.
func tellChannels(s config.Server, channels []config.Channel, log *slog.Logger) {
	for _, c := range channels {
		log.Info("channel", "channel", c.ID, "type", c.Type, "page", watchPath(c.ID),
			"playlist", playback.PlaybackPath(s.Region, s.Account, c.ID))
	}
}
