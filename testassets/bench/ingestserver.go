package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"ladderd/ingest"
	"ladderd/ingest/rtmp"
	"ladderd/media"
)

// ingestServerCommand is the child process whose CPU time `bench ingest` looks at:
// a protocol's server as the daemon has it, with nothing behind it.
type ingestServerCommand struct {
	Protocol string `arg:"" enum:"rtmp,rtmps,srt,tcp,tls" help:"What it speaks; tcp and tls only read."`
	Dir      string `required:"" help:"Where its certificate is, if it needs one."`
}

// Run prints the address and serves until it is interrupted.
func (c *ingestServerCommand) Run(ctx context.Context) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := ln.Addr()
	if c.Protocol == "rtmps" || c.Protocol == "tls" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(c.Dir, "tls.crt"), filepath.Join(c.Dir, "tls.key"))
		if err != nil {
			return err
		}
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	}
	var server interface {
		Serve() error
		Close() error
	} = &sink{ln}
	if c.Protocol == "rtmp" || c.Protocol == "rtmps" {
		server = rtmp.New(ln, nowhere{}, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), rtmp.Config{})
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	fmt.Println(address)
	return server.Serve()
}

// nowhere takes any publisher and drops its media.
type nowhere struct{}

func (nowhere) Accept(ingest.Request) (ingest.Session, error) { return nowhere{}, nil }
func (nowhere) Announce(ingest.Metadata)                      {}
func (nowhere) Write(media.Packet) error                      { return nil }
func (nowhere) Message(ingest.Message) error                  { return nil }
func (nowhere) Close(error)                                   {}

// sink is what reading the bytes costs by itself.
type sink struct{ net.Listener }

// Serve reads what comes on any number of connections.
func (s *sink) Serve() error {
	for {
		c, err := s.Accept()
		if err != nil {
			return nil // closed
		}
		go func() {
			defer c.Close()
			// As large as the buffers of the server beside it.
			_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, c, make([]byte, 64<<10))
		}()
	}
}
