package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"ladderd/config"
	"ladderd/playback"
	"ladderd/service"
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
	manager := service.Open()
	sockets, err := service.OpenSockets()
	if err == nil {
		err = c.serve(manager, sockets, asked)
	}
	if err != nil {
		startFailed(manager, err)
	}
	return err
}

func (c *serveCommand) serve(manager *service.Manager, sockets *service.Sockets, asked <-chan os.Signal) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	level.Set(cfg.Log.Level)
	log, flush := newLog(cfg.Log.Format, level)
	defer flush()
	for _, w := range cfg.Warnings() {
		log.Warn("configuration", "warning", w)
	}
	warnOfFiles(cfg.Playback.MaxConnections, log)
	limitGarbage()
	ctx, stop := untilSignal()
	defer stop()
	d, err := newDaemonOn(sockets, cfg, log)
	if err != nil {
		return err
	}
	d.file, d.level = c.Config, level
	defer d.attend(manager)()
	d.start()
	tellChannels(cfg.Server, cfg.Channels, log)
	d.up()
	log.Info("ready", "channels", len(cfg.Channels))
	if err = d.await(ctx, asked); err == nil {
		d.drain()
	}
	log.Info("stopping: publishers are told, playlists get their end")
	d.told(manager.Stopping(closeMost))
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
				d.reloadTold()
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

// newLog logs to standard error as the configuration says, and to the journal with fields
// where that is what standard error is. flush comes before the process ends.
func newLog(format string, level slog.Leveler) (log *slog.Logger, flush func()) {
	if service.ToJournal() {
		return newJournalLog(level)
	}
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, options)
	if format == "json" {
		h = slog.NewJSONHandler(os.Stderr, options)
	}
	return slog.New(h), func() {}
}

// tellChannels says where each of these channels can be watched.
func tellChannels(s config.Server, channels []config.Channel, log *slog.Logger) {
	for _, c := range channels {
		log.Info("channel", "channel", c.ID, "type", c.Type, "page", watchPath(c.ID),
			"playlist", playback.PlaybackPath(s.Region, s.Account, c.ID))
	}
}
