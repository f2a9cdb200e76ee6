// Package edge runs a real nginx with configs/nginx-edge.conf, the file that we give
// to operators, before a server of ours.
//
//	viewer ──HTTPS, h2──► nginx: Addr ──HTTP──► origin
package edge

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"ladderd/testassets/daemon"
	"ladderd/testassets/nginx"
	"ladderd/testassets/pki"
)

// Edge is an nginx that runs.
type Edge struct {
	*nginx.Server
	Addr string // host:port, by HTTPS with a certificate that signs itself
}

// mainConf is what the packaged file is included by; it is a server block and what
// belongs to it, as Debian's nginx has them.
const mainConf = `worker_processes 2;
events {}
http {
%[2]s
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
	server, err := nginx.Start(ctx, dir, fmt.Sprintf(mainConf, dir, nginx.TempPaths(dir)), addr)
	if err != nil {
		return nil, err
	}
	return &Edge{server, addr}, nil
}

// write makes the files: a certificate, and the packaged file with other addresses and
// paths.
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
	return os.WriteFile(filepath.Join(dir, "edge.conf"), []byte(conf), 0o600)
}

func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("a port for nginx: %w", err)
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
