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
	if tls := cfg.Playback.TLS; tls.Listen.On() {
		more, err := certificate.Check(tls.Cert, tls.Key)
		if err != nil {
			return fmt.Errorf("%s: playback.tls: %w", c.File, err)
		}
		warnings = append(warnings, more...)
	}
	for _, w := range warnings {
		fmt.Println("warning: " + w)
	}
	fmt.Println(c.File + ": ok")
	return nil
}
