// Package edge runs a real nginx with configs/nginx-edge.conf, the file that we give
// to operators, before a server of ours.
//
//	viewer ──HTTPS, h2──► nginx: Addr ──HTTP──► origin
package edge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ladderd/testassets/await"
	"ladderd/testassets/daemon"
	"ladderd/testassets/pki"
	"ladderd/testassets/process"
)

const (
	startTimeout = 10 * time.Second
	stopTimeout  = 5 * time.Second
)

// Edge is an nginx that runs.
type Edge struct {
	*process.Process
	Addr string // host:port, by HTTPS with a certificate that signs itself
}

// mainConf is what the packaged file is included by; it is a server block and what
// belongs to it, as Debian's nginx has them.
const mainConf = `daemon off;
worker_processes 2;
pid %[1]s/pid;
error_log stderr;
%[2]s
events {}
http {
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	include %[1]s/edge.conf;
}
`

// Start runs nginx with its files in dir before the origin, a host:port, and returns
// when it listens.
func Start(ctx context.Context, dir, origin string) (*Edge, error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := write(dir, addr, origin); err != nil {
		return nil, err
	}
	p, err := process.Start(exec.Command("nginx", "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf")))
	if err != nil {
		return nil, fmt.Errorf("nginx, which make test installs: %w", err)
	}
	e := &Edge{Process: p, Addr: addr}
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
	if err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	return e, nil
}

// Stop ends nginx and waits until it has gone.
func (e *Edge) Stop() error { return e.Process.Stop(syscall.SIGTERM, stopTimeout) }

// write makes nginx's files: a certificate, the packaged file with other addresses
// and paths, and what includes it.
func write(dir, addr, origin string) error {
	cert, key, err := pki.Write(dir)
	if err != nil {
		return err
	}
	root, err := daemon.Root()
	if err != nil {
		return err
	}
	packaged, err := os.ReadFile(filepath.Join(root, "configs", "nginx-edge.conf"))
	if err != nil {
		return fmt.Errorf("the packaged edge: %w", err)
	}
	conf := string(packaged)
	for old, changed := range map[string]string{
		"server 127.0.0.1:8080;": "server " + origin + ";", "listen 8443 ssl": "listen " + addr + " ssl",
		"/etc/ladderd/tls.crt": cert, "/etc/ladderd/tls.key": key, "/var/cache/nginx/ladderd": dir + "/cache",
	} {
		if !strings.Contains(conf, old) {
			return fmt.Errorf("configs/nginx-edge.conf has no %q", old)
		}
		conf = strings.ReplaceAll(conf, old, changed)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // its workers would not see the folder else
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "edge.conf"), []byte(conf), 0o600),
		os.WriteFile(filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, mainConf, dir, user), 0o600))
}

func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("a port for nginx: %w", err)
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
