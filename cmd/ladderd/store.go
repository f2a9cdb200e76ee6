package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"ladderd/config"
	"ladderd/store"
	"ladderd/store/etcd"
	"ladderd/store/sqlite"
)

// etcdAnswers is how long a cluster may take to answer at the start.
const etcdAnswers = 10 * time.Second

// storePath is where the store is without etcd.
func storePath(cfg *config.Config) string { return filepath.Join(cfg.Server.DataDir, "ladderd.db") }

// openStore opens the store that the configuration names.
func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger) (store.Store, error) {
	if len(cfg.Store.Etcd) > 0 {
		return openEtcd(ctx, cfg.Store, log)
	}
	s, err := sqlite.Open(storePath(cfg), log)
	if err != nil {
		return nil, err // and no *sqlite.Store that is nil
	}
	return s, nil
}

func openEtcd(ctx context.Context, cfg config.Store, log *slog.Logger) (store.Store, error) {
	security, err := etcdTLS(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, etcdAnswers)
	defer cancel()
	s, err := etcd.Open(ctx, etcd.Options{Endpoints: cfg.Etcd, Prefix: cfg.EtcdPrefix, TLS: security,
		Username: cfg.EtcdUser, Password: cfg.EtcdPassword.Reveal(), Log: log})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// etcdTLS is whom we trust and who we are; nil where the configuration says nothing of it.
func etcdTLS(cfg config.Store) (*tls.Config, error) {
	if cfg.EtcdCA == "" && cfg.EtcdCert == "" {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.EtcdCA != "" {
		text, err := os.ReadFile(cfg.EtcdCA)
		if err != nil {
			return nil, fmt.Errorf("read store.etcd_ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read store.etcd_ca: %s has no certificate in PEM", cfg.EtcdCA)
		}
	}
	if cfg.EtcdCert != "" {
		own, err := tls.LoadX509KeyPair(cfg.EtcdCert, cfg.EtcdKey)
		if err != nil {
			return nil, fmt.Errorf("read store.etcd_cert and store.etcd_key: %w", err)
		}
		t.Certificates = []tls.Certificate{own}
	}
	return t, nil
}
