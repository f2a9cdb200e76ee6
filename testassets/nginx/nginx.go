// Package nginx runs a real nginx for tests and benchmarks.
package nginx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"ladderd/testassets/await"
	"ladderd/testassets/process"
)

const (
	startTimeout = 10 * time.Second
	stopTimeout  = 10 * time.Second
)

// Server is an nginx that runs.
type Server struct{ *process.Process }

// head stands before a configuration: all that nginx writes is below its folder.
const head = `daemon off;
pid %[1]s/nginx.pid;
error_log stderr error;
%[2]s
`

// TempPaths are directives for the http block, for a folder: by default nginx writes
// where only root may.
func TempPaths(dir string) string {
	paths := ""
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths += fmt.Sprintf("\t%s_temp_path %s/%s;\n", what, dir, what)
	}
	return paths
}

// Start runs nginx with its files in dir and returns when it listens on addr, a
// host:port. conf is what follows on where it logs and as whom it runs.
func Start(ctx context.Context, dir, conf, addr string) (*Server, error) {
	program, err := exec.LookPath("nginx")
	if errors.Is(err, exec.ErrNotFound) {
		program, err = exec.LookPath("/usr/sbin/nginx") // not in every user's path
	}
	if err != nil {
		return nil, fmt.Errorf("nginx (Debian's nginx-light): %w", err)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // its workers would not see the folder else
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, append(fmt.Appendf(nil, head, dir, user), conf...), 0o600); err != nil {
		return nil, err
	}
	p, err := process.Start(exec.Command(program, "-e", "stderr", "-p", dir, "-c", file))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = await.Until(ctx, "nginx to listen", p.Output, func() (bool, error) {
		if !p.Running() {
			return false, p.Wait()
		}
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
	s := &Server{p}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends nginx and waits until it has gone.
func (s *Server) Stop() error { return s.Process.Stop(syscall.SIGTERM, stopTimeout) }
