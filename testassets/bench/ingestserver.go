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
	"ladderd/ingest/srt"
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
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	address, server, err := c.open(log)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	fmt.Println(address)
	return server.Serve()
}

// ingestServer is a protocol's server.
type ingestServer interface {
	Serve() error
	Close() error
}

func (c *ingestServerCommand) open(log *slog.Logger) (net.Addr, ingestServer, error) {
	if c.Protocol == "srt" {
		s, err := srt.New("127.0.0.1:0", nowhere{}, nowhere{}, log, srt.Config{})
		if err != nil {
			return nil, nil, err
		}
		return s.Addr(), s, nil
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	address := ln.Addr()
	if c.Protocol == "rtmps" || c.Protocol == "tls" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(c.Dir, "tls.crt"), filepath.Join(c.Dir, "tls.key"))
		if err != nil {
			return nil, nil, err
		}
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	}
	if c.Protocol == "tcp" || c.Protocol == "tls" {
		return address, &sink{ln}, nil
	}
	return address, rtmp.New(ln, nowhere{}, log, rtmp.Config{}), nil
}

// nowhere takes any publisher and drops its media. All have the same passphrase.
type nowhere struct{}

const benchPassphrase = "bench-passphrase"

func (nowhere) Accept(ingest.Request) (ingest.Session, error) { return nowhere{}, nil }
func (nowhere) Announce(ingest.Metadata)                      {}
func (nowhere) Write(media.Packet) error                      { return nil }
func (nowhere) Message(ingest.Message) error                  { return nil }
func (nowhere) Close(error)                                   {}
func (nowhere) Passphrase(ingest.Request) (string, error)     { return benchPassphrase, nil }

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
