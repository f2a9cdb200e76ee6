package main

import (
	"fmt"

	"ladderd/certificate"
	"ladderd/config"
)

type checkConfigCommand struct {
	File string `arg:"" help:"The file to check."`
}

func (c *checkConfigCommand) Run() error {
	cfg, err := config.Load(c.File)
	if err != nil {
		return err
	}
	warnings := cfg.Warnings()
	for _, tls := range []struct {
		section string
		config.TLS
	}{
		{"ingest.rtmps", cfg.Ingest.RTMPS}, {"playback.tls", cfg.Playback.TLS},
		{"api", config.TLS{Listen: cfg.API.Listen, Cert: cfg.API.Cert, Key: cfg.API.Key}},
	} {
		if !tls.Listen.On() || tls.Cert == "" {
			continue
		}
		more, err := certificate.Check(tls.Cert, tls.Key)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", c.File, tls.section, err)
		}
		warnings = append(warnings, more...)
	}
	keys, err := accessKeys(cfg)
	if err != nil {
		return fmt.Errorf("%s: api: %w", c.File, err)
	}
	warnings = append(warnings, keyWarnings(keys)...)
	if _, err := webhooks(cfg); err != nil {
		return fmt.Errorf("%s: events: %w", c.File, err)
	}
	for _, w := range warnings {
		fmt.Println("warning: " + w)
	}
	fmt.Println(c.File + ": ok")
	return nil
}
