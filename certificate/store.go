package certificate

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often Watch looks at the files. Looking works on any file
// system, with links that are switched over as well.
const lookEvery = 5 * time.Second

// Store holds the pair of two files. All its methods may be called from any
// goroutine.
type Store struct {
	cert, key string // paths
	log       *slog.Logger
	current   atomic.Pointer[tls.Certificate]

	mu   sync.Mutex // held while reading files
	seen [2]stamp   // the files that were tried last, whether good or not
}

// stamp tells one version of a file from the next; empty where there is none.
type stamp struct {
	changed time.Time
	size    int64
	file    os.FileInfo
}

// Load reads the pair; its error says which file is wrong and how.
func Load(cert, key string, log *slog.Logger) (*Store, error) {
	s := &Store{cert: cert, key: key, log: log.With("certificate", cert)}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Certificate is for tls.Config.GetCertificate.
func (s *Store) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.current.Load(), nil
}

// Path is the certificate's file.
func (s *Store) Path() string { return s.cert }

// Expires is until when the pair is good.
func (s *Store) Expires() time.Time { return s.current.Load().Leaf.NotAfter }

// Reload reads the files anew. After an error the pair from before stays in use.
func (s *Store) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reload()
}

func (s *Store) reload() error {
	s.seen = s.look()
	pair, err := read(s.cert, s.key)
	if err != nil {
		return err
	}
	for _, w := range warningsOf(pair, s.cert, time.Now()) {
		s.log.Warn("certificate", "warning", w)
	}
	s.current.Store(pair)
	return nil
}

// Watch takes new pairs as their files change, until ctx ends. Two files cannot
// change at once, so it waits until they have stayed the same between two looks.
func (s *Store) Watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last [2]stamp
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := s.look()
		if same(now, last) {
			s.adopt(now)
		}
		last = now
	}
}

// adopt reloads where the files are not those that were tried last.
func (s *Store) adopt(now [2]stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if same(now, s.seen) {
		return
	}
	if err := s.reload(); err != nil {
		s.log.Error("the new certificate is no good; the old one stays in use", "reason", err)
		return
	}
	s.log.Info("a new certificate is in use", "valid_until", s.current.Load().Leaf.NotAfter)
}

func (s *Store) look() [2]stamp { return [2]stamp{stampOf(s.cert), stampOf(s.key)} }

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size(), info}
}

func same(a, b [2]stamp) bool { return a[0].same(b[0]) && a[1].same(b[1]) }

func (s stamp) same(other stamp) bool {
	if s.file == nil || other.file == nil {
		return s.file == nil && other.file == nil
	}
	return s.size == other.size && s.changed.Equal(other.changed) && os.SameFile(s.file, other.file)
}
