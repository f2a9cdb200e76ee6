package main

import (
	"fmt"

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
	for _, w := range cfg.Warnings() {
		fmt.Println("warning: " + w)
	}
	fmt.Println(c.File + ": ok")
	return nil
}
