package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ladderd/certificate"
	"ladderd/config"
	"ladderd/playback"
	"ladderd/stream"
)

// addPlayback opens the viewers' listeners, HTTP and HTTPS, which are one server:
// their limits hold for both together, and they drain at once.
func (d *daemon) addPlayback(cfg *config.Config) error {
	d.pages.Store(newPages(cfg, viewers{d.hub}.known))
	options := playback.Options{
		Connections: cfg.Playback.MaxConnections, PerAddress: cfg.Playback.MaxConnectionsPerAddress, Log: d.log,
	}
	if cfg.Playback.TLS.Listen.On() {
		store, err := d.addCertificate(cfg.Playback.TLS)
		if err != nil {
			return fmt.Errorf("playback by HTTPS: %w", err)
		}
		options.Certificate = store.Certificate
	}
	plain, err := d.listen("playback", cfg.Playback.Listen)
	if err != nil {
		return err
	}
	secure, err := d.listen("playback by HTTPS", cfg.Playback.TLS.Listen)
	if err != nil {
		if plain != nil {
			err = errors.Join(err, plain.Close())
		}
		return err
	}
	s := playback.NewServer(viewerHandler(&d.pages, d.play), options)
	d.viewers = s
	stop := sync.OnceValue(func() error { return drain(s) })
	if plain != nil {
		d.servers = append(d.servers, server{"playback", func() error { return s.Serve(plain) }, stop})
	}
	if secure != nil {
		d.servers = append(d.servers, server{"playback by HTTPS", func() error { return s.ServeTLS(secure) }, stop})
	}
	return nil
}

// settler is what drain needs of a playback.Server.
type settler interface {
	Settle(context.Context)
	Shutdown(context.Context) error
}

// drain lets viewers fetch the end, then shuts down. Each has its own time: a player
// that never stops asking takes all of the first, and the answers that are being
// sent then must not be cut off for it.
func drain(s settler) error {
	settle, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	s.Settle(settle)
	shut, cancelShut := context.WithTimeout(context.Background(), lastAnswers)
	defer cancelShut()
	return s.Shutdown(shut)
}

// addCertificate loads a listener's certificate and has it watched.
func (d *daemon) addCertificate(c config.TLS) (*certificate.Store, error) {
	store, err := certificate.Load(c.Cert, c.Key, d.log)
	if err != nil {
		return nil, err
	}
	d.certificates = append(d.certificates, store)
	ctx, stop := context.WithCancel(context.Background())
	d.servers = append(d.servers, server{"certificate", func() error {
		store.Watch(ctx)
		return nil
	}, func() error {
		stop()
		return nil
	}})
	return store, nil
}

// streams is what the live streams do, with how many watch each.
func (d *daemon) streams() []stream.Status {
	list := d.hub.Status()
	for i := range list {
		list[i].Viewers = d.play.Views(list[i].ID)
	}
	return list
}
