// Package certificate keeps the certificate of a TLS listener and takes a new one
// without a restart.
//
//	files ──► pair (read, checked) ──► Store ──► tls.Config.GetCertificate, each handshake
//	  ▲                                  ▲
//	  └─ Store.Watch looks every 5 s     └─ Store.Reload, at SIGHUP
//
// A new pair that is no good is told once, and the old one stays in use: open
// connections and new ones go on in any case. The package knows nothing of what
// is served.
package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// soon is how long before its end a certificate is warned of. Certificates of 90
// days are usually renewed a month before it.
const soon = 7 * 24 * time.Hour

// maxFile bounds what is read of either file, in bytes: a chain of certificates
// has a few thousand.
const maxFile = 1 << 20

// Check reads a certificate with its chain and its key, both PEM, as Load does.
// Warnings are what is no error and yet keeps viewers out, now or soon.
func Check(cert, key string) (warnings []string, err error) {
	pair, err := read(cert, key)
	if err != nil {
		return nil, err
	}
	return warningsOf(pair, cert, time.Now()), nil
}

// read gives the pair that the two files have. Its errors name the file.
func read(cert, key string) (*tls.Certificate, error) {
	chain, err := readFile(cert)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	secret, err := readFile(key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate's key: %w", err)
	}
	// The library's errors cite types and no contents.
	pair, err := tls.X509KeyPair(chain, secret)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", cert, key, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("certificate %s: %w", cert, err)
		}
	}
	return &pair, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s is not a regular file of at most %d bytes", path, maxFile)
	}
	text, err := os.ReadFile(path)
	if err == nil && len(text) == 0 {
		err = errors.New(path + " is empty")
	}
	return text, err
}

func warningsOf(pair *tls.Certificate, file string, now time.Time) []string {
	leaf := pair.Leaf
	switch {
	case now.Before(leaf.NotBefore):
		return []string{fmt.Sprintf("certificate %s is not valid before %s: clients refuse it", file, leaf.NotBefore.UTC().Format(time.RFC3339))}
	case now.After(leaf.NotAfter):
		return []string{fmt.Sprintf("certificate %s expired at %s: clients refuse it", file, leaf.NotAfter.UTC().Format(time.RFC3339))}
	case leaf.NotAfter.Sub(now) < soon:
		return []string{fmt.Sprintf("certificate %s expires at %s", file, leaf.NotAfter.UTC().Format(time.RFC3339))}
	}
	return nil
}
