package certificate

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"ladderd/testassets/pki"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files are a pair in a folder of the test's own.
type files struct{ cert, key string }

func write(t *testing.T, to files, p pki.Pair) {
	t.Helper()
	if err := os.WriteFile(to.cert, p.Cert, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to.key, p.Key, 0o600); err != nil {
		t.Fatal(err)
	}
}

func newFiles(t *testing.T) files {
	dir := t.TempDir()
	return files{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
}

func pair(t *testing.T, name string, life time.Duration) pki.Pair {
	t.Helper()
	p, err := pki.New(name, time.Now().Add(life-48*time.Hour), time.Now().Add(life))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *Store) name(t *testing.T) string {
	t.Helper()
	c, err := s.Certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.Subject.CommonName
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	good, other := pair(t, "good", 240*time.Hour), pair(t, "other", 240*time.Hour)
	for _, c := range []struct {
		name      string
		cert, key []byte // nil for no file
		want      []string
	}{
		{"no certificate", nil, good.Key, []string{"read the certificate:", "tls.crt"}},
		{"no key", good.Cert, nil, []string{"read the certificate's key:", "tls.key"}},
		{"empty", []byte{}, good.Key, []string{"tls.crt is empty"}},
		{"no PEM", []byte("hello"), good.Key, []string{"tls.crt", "failed to find any PEM data"}},
		{"another's key", good.Cert, other.Key, []string{"tls.crt", "tls.key", "does not match"}},
		{"swapped", good.Key, good.Cert, []string{"tls.crt", "may have been switched"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFiles(t)
			for path, text := range map[string][]byte{f.cert: c.cert, f.key: c.key} {
				if text == nil {
					continue
				}
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Check(f.cert, f.key)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
	if _, err := Check(t.TempDir(), "x"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

func TestCheckWarnsOfTheEnd(t *testing.T) {
	for life, want := range map[time.Duration]string{
		-time.Hour: "expired at", 72 * time.Hour: "is not valid before", 47 * time.Hour: "expires at",
	} {
		f := newFiles(t)
		write(t, f, pair(t, "x", life))
		warnings, err := Check(f.cert, f.key)
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], want) {
			t.Errorf("a life of %v: %q, %v; want %q", life, warnings, err, want)
		}
	}
	f := newFiles(t)
	p, err := pki.New("x", time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, p)
	if warnings, err := Check(f.cert, f.key); err != nil || len(warnings) != 0 {
		t.Errorf("a good one: %q, %v", warnings, err)
	}
}

func TestReloadKeepsTheOldPairWhereTheNewIsNoGood(t *testing.T) {
	f := newFiles(t)
	first, second := pair(t, "first", 240*time.Hour), pair(t, "second", 240*time.Hour)
	write(t, f, first)
	s, err := Load(f.cert, f.key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, pki.Pair{Cert: second.Cert, Key: first.Key})
	if err := s.Reload(); err == nil {
		t.Error("a key that does not fit was taken")
	}
	if got := s.name(t); got != "first" {
		t.Errorf("in use: %s", got)
	}
	write(t, f, second)
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
	if got := s.name(t); got != "second" {
		t.Errorf("in use: %s", got)
	}
}

func TestWatchTakesNewFilesAndTellsOfBadOnesOnce(t *testing.T) {
	f := newFiles(t)
	first, second := pair(t, "first", 240*time.Hour), pair(t, "a longer name", 240*time.Hour)
	write(t, f, first)
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s, err := Load(f.cert, f.key, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Watch(ctx); close(done) }()
		pass := func() {
			<-time.After(4 * lookEvery) // of the bubble's clock
			synctest.Wait()
		}
		pass()
		if err := os.Remove(f.key); err != nil { // as between two renames
			t.Fatal(err)
		}
		pass()
		if got := s.name(t); got != "first" || strings.Count(log.String(), "no good") != 1 {
			t.Errorf("without a key: %s in use, log %s", got, log.String())
		}
		write(t, f, second)
		pass()
		if got := s.name(t); got != "a longer name" || !strings.Contains(log.String(), "a new certificate is in use") {
			t.Errorf("in use: %s, log %s", got, log.String())
		}
		cancel()
		<-done
	})
}
