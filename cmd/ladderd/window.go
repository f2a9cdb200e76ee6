package main

import (
	"log/slog"
	"path/filepath"

	"ladderd/config"
	"ladderd/packager"
)

// windowDisk is where streams keep what is not new any more. A daemon that cannot
// write there serves live all the same, with shorter windows: for an operator whose
// disk has failed that is better than none, and the log and /healthz say so.
func windowDisk(cfg *config.Config, log *slog.Logger) (*packager.Disk, error) {
	disk, err := packager.OpenDisk(filepath.Join(cfg.Server.DataDir, "window"))
	if err != nil {
		log.Error("windows stay in memory, as long as window_memory allows: check data_dir",
			"data_dir", cfg.Server.DataDir, "window_memory", cfg.Playback.WindowMemory, "reason", err)
		return nil, err
	}
	return disk, nil
}
