package main

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

// nginx serves a folder of files as fast as it can be made to: a worker for each
// core, sendfile, files kept open, playlists packed ahead, no log.
type nginx struct {
	*process.Process
	http, https string // host:port
}

const nginxConfig = `daemon off;
pid %[1]s/nginx.pid;
error_log stderr error;
worker_processes auto;
worker_rlimit_nofile 65536;
%[4]s
events { worker_connections 16384; multi_accept on; }
http {
	access_log off;
	sendfile on;
	tcp_nodelay on;
	keepalive_timeout 90s;
	keepalive_requests 1000000;
	open_file_cache max=10000 inactive=600s;
	open_file_cache_valid 600s;
	gzip_static on;
	types { application/vnd.apple.mpegurl m3u8; video/mp4 m4s; }
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	add_header Access-Control-Allow-Origin *;
	add_header Access-Control-Expose-Headers "Content-Length, Content-Range, Date, Age";
	add_header Cache-Control "public, max-age=3600, immutable";
	add_header Cross-Origin-Resource-Policy cross-origin;
	add_header Timing-Allow-Origin *;
	add_header Vary Origin;
	ssl_certificate %[1]s/tls.crt;
	ssl_certificate_key %[1]s/tls.key;
	server {
		listen %[2]s backlog=4096;
		listen %[3]s ssl http2 backlog=4096;
		root %[1]s/www;
	}
}
`

// startNginx serves dir/www; dir has tls.crt and tls.key.
func startNginx(ctx context.Context, dir string) (*nginx, error) {
	program, err := exec.LookPath("nginx")
	if errors.Is(err, exec.ErrNotFound) {
		program, err = exec.LookPath("/usr/sbin/nginx") // not in every user's path
	}
	if err != nil {
		return nil, fmt.Errorf("nginx, to compare with (Debian's nginx-light): %w", err)
	}
	n := &nginx{}
	if n.http, n.https, err = twoPorts(); err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // its workers would not see the folder else
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfig, dir, n.http, n.https, user), 0o600); err != nil {
		return nil, err
	}
	n.Process, err = process.Start(exec.Command(program, "-e", "stderr", "-p", dir, "-c", file))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = await.Until(ctx, "nginx to listen", n.Output, func() (bool, error) {
		if !n.Running() {
			return false, n.Wait()
		}
		conn, err := net.Dial("tcp", n.https)
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
	if err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

func (n *nginx) stop() error { return n.Stop(syscall.SIGTERM, 10*time.Second) }

func twoPorts() (one, two string, err error) {
	a, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer a.Close()
	b, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer b.Close()
	return a.Addr().String(), b.Addr().String(), nil
}
