package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"ladderd/config"
	"ladderd/control"
	"ladderd/control/audit"
	"ladderd/door"
)

// api is the control API and its logs. It is nil where the API is off.
type api struct {
	door    *door.Door // of its listener
	control *control.API
	audit   *audit.Log // of who is known
	others  *audit.Log
}

// Limits of the API's listener. A request waits for the store for some seconds at most.
const (
	apiTimeout     = 30 * time.Second
	apiConnections = 1024
	apiPerAddress  = 256
	// apiHeader has room for the longest request line, in bytes: UntagResource has 50 keys of
	// 128 characters in it, of 12 bytes each where they are escaped.
	apiHeader = 128 << 10
)

// openAPI opens the API's logs.
func openAPI(cfg *config.Config, log *slog.Logger) (_ *api, err error) {
	if !cfg.API.Listen.On() {
		return nil, nil
	}
	a := &api{}
	defer func() {
		if err != nil {
			a.close(log)
		}
	}()
	if a.audit, err = audit.Open(filepath.Join(cfg.Server.DataDir, "audit"), audit.Limits{Size: cfg.API.AuditSize, Files: cfg.API.AuditFiles}); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	if a.others, err = audit.Open(filepath.Join(cfg.Server.DataDir, "audit", "strangers"), audit.Limits{Size: cfg.API.AuditSize, Files: cfg.API.AuditFiles}); err != nil {
		return nil, fmt.Errorf("open the audit log of who is not known: %w", err)
	}
	return a, nil
}

// close ends the API. It has no requests any more, and there are no streams.
func (a *api) close(log *slog.Logger) {
	if a == nil {
		return
	}
	if a.control != nil {
		a.control.Close()
	}
	var err error
	for _, l := range []*audit.Log{a.audit, a.others} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	if err != nil {
		log.Error("the API's logs were not closed cleanly", "reason", err)
	}
}

// report adds to what /healthz says.
func (a *api) report(to map[string]any) {
	if a == nil {
		return
	}
	to["api"] = a.control.Status()
}

// addAPI opens the API's listener. The publishers' and viewers' listeners are open: their
// addresses are what callers are told.
func (d *daemon) addAPI(cfg *config.Config) error {
	if d.api == nil {
		return nil
	}
	settings, err := d.apiSettings(cfg)
	if err != nil {
		return err
	}
	ctx, done := context.WithTimeout(context.Background(), apiTimeout)
	defer done()
	d.api.control, err = control.New(ctx, control.Options{
		Region: cfg.Server.Region, Account: cfg.Server.Account, Store: d.journal.store, History: d.journal.history, Audit: d.api.audit, Strangers: d.api.others,
		Streams: onAir{d.hub, d.play.Views}, Channels: published{d.hub}, Settings: settings, Log: d.log, Services: d.measuring.services(),
	})
	if err != nil {
		return err
	}
	d.journal.control = d.api.control
	return d.serveAPI(cfg)
}

func (d *daemon) serveAPI(cfg *config.Config) error {
	s := &http.Server{
		Handler: d.api.control, ReadHeaderTimeout: headerTimeout, ReadTimeout: apiTimeout, WriteTimeout: apiTimeout,
		IdleTimeout: 3 * apiTimeout, MaxHeaderBytes: apiHeader,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug), // callers' broken connections
	}
	secure := cfg.API.Cert != ""
	if secure {
		certificate, err := d.addCertificate(config.TLS{Listen: cfg.API.Listen, Cert: cfg.API.Cert, Key: cfg.API.Key})
		if err != nil {
			return fmt.Errorf("the API by HTTPS: %w", err)
		}
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.Certificate}
	}
	ln, err := d.listen("API", cfg.API.Listen)
	if err != nil {
		return err
	}
	d.api.door = door.New(door.Options{Who: "API callers", Connections: apiConnections, PerAddress: apiPerAddress, Log: d.log})
	guarded := d.api.door.Guard(ln)
	serve := func() error { return s.Serve(guarded) }
	if secure {
		serve = func() error { return s.ServeTLS(guarded, "", "") }
	}
	d.servers = append(d.servers, server{"API", func() error {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the API: %w", err)
		}
		return nil
	}, func() error {
		ctx, done := context.WithTimeout(context.Background(), lastAnswers)
		defer done()
		if err := s.Shutdown(ctx); err != nil {
			return errors.Join(err, s.Close()) // who still sends a request is not waited for
		}
		return nil
	}})
	return nil
}

// headerTimeout is how long a request's header may take.
const headerTimeout = 10 * time.Second

// apiSettings is what the API takes of a configuration.
func (d *daemon) apiSettings(cfg *config.Config) (control.Settings, error) {
	keys, err := accessKeys(cfg)
	if err != nil {
		return control.Settings{}, err
	}
	if cfg.API.Listen.On() {
		d.log.Info("who may call the API is read, with secrets and policies from their files", "access keys", len(keys))
	}
	for _, w := range keyWarnings(keys) {
		d.log.Warn("configuration", "warning", w)
	}
	s := control.Settings{Keys: keys, CallRate: cfg.API.CallRate, Endpoints: d.endpoints(cfg), Quotas: control.Quotas{
		Channels: cfg.Limits.Channels, Recordings: cfg.Limits.RecordingConfigurations, PlaybackKeys: cfg.Limits.PlaybackKeyPairs,
		Policies: cfg.Limits.PlaybackRestrictionPolicies, Countries: cfg.Limits.PolicyCountries, Origins: cfg.Limits.PolicyOrigins,
	}}
	for _, c := range cfg.Channels {
		s.Fixed = append(s.Fixed, control.FixedChannel{
			ID: c.ID, Name: c.Name, Type: string(c.Type), Preset: string(c.Preset), Latency: c.LatencyMode, Container: c.ContainerFormat,
			Insecure: c.InsecureIngest, Key: c.StreamKey.Reveal(), Passphrase: c.SRTPassphrase.Reveal(),
		})
	}
	return s, nil
}
