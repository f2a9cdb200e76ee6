// Package service is what the daemon and the machine's service manager say to each
// other, systemd in practice:
//
//	Manager   tells how the daemon does (sd_notify): ready, reloading, stopping, a line of
//	          status, and that it lives; without a manager each call does nothing
//	Watchdog  has the manager know that the daemon lives only while its probes agree
//	Sockets   are listeners that the manager opened, by name
//	Journal   is a slog.Handler that hands records over with their fields
//
// Open and OpenSockets take what the manager left in the environment out of it, so that no
// child takes it for its own. Nothing here knows of streams: probes are given to it, and so
// is the line of status.
package service
