package daemon

import (
	"context"
	"path/filepath"
	"syscall"
)

// Who calls the API, with Settings.API.
const (
	AccessKey = "AKIDEXAMPLE0000000001"
	SecretKey = "the-secret-of-the-end-to-end-tests-012345"
)

// Region is what callers of the API sign for.
const Region = region

// API is the URL of the control API, with Settings.API.
func (d *Daemon) API() string { return "http://" + d.ports.api }

// Kill ends the daemon as a crash does: it has no time for anything. Its files stay, for Again.
func (d *Daemon) Kill() error {
	if err := d.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-d.Ended()
	return nil
}

// Again starts the daemon anew after Kill, on the same files and ports.
func (d *Daemon) Again(ctx context.Context) error {
	bin, err := Binary()
	if err != nil {
		return err
	}
	return d.run(ctx, serve(bin, filepath.Join(d.dir, configFile), d.settings))
}
