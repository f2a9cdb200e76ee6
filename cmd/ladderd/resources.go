package main

import (
	"log/slog"
	"os"
	"runtime/debug"
	"syscall"
)

// garbagePercent is how much the heap may grow, in percent of what lives, before the
// garbage collector runs. With 2,000 viewers over HTTP one took 40.2 KB at Go's own
// 100 and 34.9 KB at 50, where CPU per request rose from 1.06 to 1.18 of nginx's:
// this is between the two.
const garbagePercent = 75

// limitGarbage leaves alone what whoever runs the daemon has said by GOGC.
func limitGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}

// ownFiles is what the daemon may have open beside viewers' connections: listeners,
// publishers, workers' sockets, segments on disk.
const ownFiles = 1000

// warnOfFiles tells where the limit of open files turns viewers away before
// max_connections does: accepting then fails for publishers as well.
func warnOfFiles(connections int, log *slog.Logger) {
	var limit syscall.Rlimit // its soft one, which Go has raised to the hard one
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("the limit of open files could not be read", "reason", err)
		return
	}
	if !enoughFiles(connections, limit.Cur) {
		log.Warn("playback.max_connections is more than the limit of open files allows: lower it, or raise LimitNOFILE= or ulimit -n",
			"max_connections", connections, "limit", limit.Cur, "kept_for_others", ownFiles)
	}
}

func enoughFiles(connections int, limit uint64) bool { return uint64(connections)+ownFiles <= limit }
