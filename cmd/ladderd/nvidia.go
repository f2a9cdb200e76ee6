package main

import (
	"os"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"ladderd/gpu/nvidia"
)

// nvidiaCommand asks NVIDIA's driver for its cards; ladderd starts it, to keep that
// driver's library out of its own process.
type nvidiaCommand struct {
	From int `help:"The index of the first card to ask for."`
}

func (c *nvidiaCommand) Run() error { return nvidia.Report(os.Stdout, nvml.New(), c.From) }
