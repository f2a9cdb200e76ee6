package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"ladderd/store"
)

// crashFile has the test's own binary be the process that is killed: it writes to this file.
const crashFile = "STORE_CRASH_FILE"

const (
	crashRounds  = 8
	crashWriters = 6
	crashMost    = 300 // acknowledged changes until the process is killed
)

// TestKilledWhileWriting kills a process at any time, again and again on one file. What it had
// said was acknowledged is there, and nothing half of a change.
func TestKilledWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	acknowledged := map[string]int64{} // revisions by key
	for round := range crashRounds {
		killed(t, path, 1+rand.IntN(crashMost), acknowledged)
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		checkCrashed(t, s, acknowledged)
		if err := s.Close(); err != nil || t.Failed() {
			t.Fatalf("in round %d: %v", round, err)
		}
	}
	t.Logf("%d changes were acknowledged", len(acknowledged))
}

// killed has a process write until it has acknowledged some changes, which it adds.
func killed(t *testing.T, path string, after int, acknowledged map[string]int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), crashFile+"="+path)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		key, text, _ := strings.Cut(lines.Text(), " ")
		revision, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Error(err)
		}
		acknowledged[key] = revision
		if n++; n == after {
			if err := c.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := c.Wait(); n < after {
		t.Fatalf("ended by itself, after %d of %d changes: %v", n, after, err)
	}
}

// writeUntilKilled is the process that is killed. Each writer has a number in two entries that
// it counts up, and an entry for each number, and says which of these were acknowledged.
func writeUntilKilled(path string) error {
	s, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	var writers sync.WaitGroup
	failed := make(chan error, crashWriters)
	for n := range crashWriters {
		writers.Go(func() { failed <- countUp(s, n) })
	}
	return <-failed
}

func countUp(s *Store, writer int) error {
	ctx := context.Background()
	first, second := fmt.Sprintf("count/%d/a", writer), fmt.Sprintf("count/%d/b", writer)
	for {
		e, err := s.Get(ctx, first)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		number, _ := strconv.Atoi(string(e.Value)) // none at first
		value := fmt.Append(nil, number+1)
		key := fmt.Sprintf("done/%d/%d", writer, number+1)
		// Some take several pages of the WAL.
		filling := make([]byte, rand.IntN(3)*5000)
		revision, err := s.Apply(ctx, store.Change{
			If:  []store.Condition{{Key: first, Revision: e.Revision}},
			Put: []store.Put{{Key: first, Value: value}, {Key: key, Value: filling}, {Key: second, Value: value}},
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Printf("%s %d\n", key, revision); err != nil {
			return err
		}
	}
}

func checkCrashed(t *testing.T, s *Store, acknowledged map[string]int64) {
	t.Helper()
	page, err := s.List(t.Context(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]store.Entry{}
	done := map[string]int{} // how many numbers a writer has
	for _, e := range page.Entries {
		entries[e.Key] = e
		if parts := strings.Split(e.Key, "/"); parts[0] == "done" {
			done[parts[1]]++
		}
		if e.Revision > page.Revision {
			t.Errorf("%s is of revision %d, the store of %d", e.Key, e.Revision, page.Revision)
		}
	}
	for key, revision := range acknowledged {
		if e, ok := entries[key]; !ok || e.Revision != revision {
			t.Errorf("%s, acknowledged at revision %d, is there: %v, at %d", key, revision, ok, e.Revision)
		}
	}
	for writer, n := range done {
		a, b := entries["count/"+writer+"/a"], entries["count/"+writer+"/b"]
		last := entries[fmt.Sprintf("done/%s/%d", writer, n)]
		if string(a.Value) != fmt.Sprint(n) || string(b.Value) != string(a.Value) || a.Revision != b.Revision || a.Revision != last.Revision {
			t.Errorf("half a change: writer %s has done %d, and counts %s at %d and %s at %d", writer, n, a.Value, a.Revision, b.Value, b.Revision)
		}
	}
}
