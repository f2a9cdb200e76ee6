package main

import (
	"context"
	"fmt"
	"net"

	"ladderd/testassets/nginx"
)

// fileServer is an nginx that serves a folder of files as fast as it can be made to: a worker for each
// core, sendfile, files kept open, playlists packed ahead, no log.
type fileServer struct {
	*nginx.Server
	http, https string // host:port
}

const nginxConfig = `worker_processes auto;
worker_rlimit_nofile 65536;
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
%[4]s	add_header Access-Control-Allow-Origin *;
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
func startNginx(ctx context.Context, dir string) (*fileServer, error) {
	http, https, err := twoPorts()
	if err != nil {
		return nil, err
	}
	server, err := nginx.Start(ctx, dir, fmt.Sprintf(nginxConfig, dir, http, https, nginx.TempPaths(dir)), https)
	if err != nil {
		return nil, err
	}
	return &fileServer{server, http, https}, nil
}

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
