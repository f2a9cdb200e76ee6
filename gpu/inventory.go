package gpu

import (
	"context"
	"os/exec"
	"time"
)

// Machine is where an inventory looks.
type Machine struct {
	// Root is the folder that has /sys, /dev and /proc; "" is the real one.
	Root string
	// Nodes are the only render nodes to look at; empty is all.
	Nodes []string
	// Visible is CUDA_VISIBLE_DEVICES: the NVIDIA cards that may be used, each by its UUID or
	// the beginning of it, or by its number in nvidia-smi. Nil is all. Workers are told of
	// one card by the same variable, so it has to be heeded here.
	Visible []string
	// Withheld says that NVIDIA's container runtime was told to hand over no card, by
	// NVIDIA_VISIBLE_DEVICES: where none is found, that is why.
	Withheld bool
	// Cards makes the command that runs nvidia.Report from a card's index on.
	Cards func(from int) *exec.Cmd
	// Patience is how long NVIDIA's driver may take to answer for one card; default 5 s.
	// It is given that time again for each card that does not, three of them at most.
	Patience time.Duration
}

// Inventory is all devices of this machine, the CPU last. It always gets there: what
// could not be asked is a device with a Problem.
func (m Machine) Inventory(ctx context.Context) []Device {
	if m.Root == "" {
		m.Root = "/"
	}
	if m.Patience == 0 {
		m.Patience = 5 * time.Second
	}
	devices := append(m.cards(ctx), m.renderNodes()...)
	return sorted(append(devices, m.cpu()))
}

// CPU is the machine's processor alone, for where nothing else is to be touched.
func (m Machine) CPU() Device {
	if m.Root == "" {
		m.Root = "/"
	}
	return m.cpu()
}
