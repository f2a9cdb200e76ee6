package metrics

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// filled measures the same for some seconds.
func filled(s *Store, c *clock, channel string, seconds int) {
	for range seconds {
		s.Add(ofChannel("IngestBitrate", channel), c.now(), 1000)
		c.pass(time.Second)
	}
}

// total is how many samples of a channel the store has.
func total(t *testing.T, s *Store, channel string) (n int64) {
	t.Helper()
	points, err := s.Read(t.Context(), ofChannel("IngestBitrate", channel), s.now().Add(-24*time.Hour), s.now(), time.Hour)
	failOn(t, err)
	for _, p := range points {
		n += p.Count
	}
	return n
}

// A file that cannot be used is moved aside, told of once, and metrics begin anew, at the start
// as well as while the daemon runs.
func TestUnusableFilesAreMovedAside(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, path string){
		"damaged": func(t *testing.T, path string) {
			failOn(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600))
		},
		"of a newer ladderd": func(t *testing.T, path string) {
			s, _ := opened(t, path, clockAt(dawn))
			_, err := s.db.Exec("PRAGMA user_version = 99")
			failOn(t, err)
			failOn(t, s.Close())
		},
		"of another program": func(t *testing.T, path string) {
			s, _ := opened(t, path, clockAt(dawn))
			_, err := s.db.Exec("PRAGMA application_id = 7")
			failOn(t, err)
			failOn(t, s.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, c := filepath.Join(t.TempDir(), "metrics.db"), clockAt(dawn)
			spoil(t, path)
			s, log := opened(t, path, c)
			filled(s, c, "a", 30)
			s.flushNow()
			if n := total(t, s, "a"); n != 30 || log.count("moved aside") != 1 || s.Status().Failure != nil {
				t.Errorf("%d samples, %+v, log: %s", n, s.Status(), log.text.String())
			}
			if _, err := os.Stat(path + ".aside"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFileDamagedWhileItIsUsed(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "metrics.db"), clockAt(dawn)
	s, log := opened(t, path, c)
	filled(s, c, "a", 90)
	s.flushNow()
	_, err := s.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	failOn(t, err)
	text, err := os.ReadFile(path)
	failOn(t, err)
	for i := 100; i < len(text); i++ {
		text[i] = byte(7 * i)
	}
	failOn(t, os.WriteFile(path, text, 0o600))
	failOn(t, s.db.Close()) // else SQLite would go on with what it remembers
	s.db = nil
	filled(s, c, "a", 20)
	s.flushNow()
	// What is in memory goes into the new file: the minute that is being measured.
	if n := total(t, s, "a"); n != 50 || log.count("moved aside") != 1 || s.Status().Failure != nil {
		t.Errorf("%d samples, %+v, log: %s", n, s.Status(), log.text.String())
	}
}

// A disk that takes nothing costs no metrics for some minutes, is logged when that begins and
// ends, and is no reason not to start.
func TestDiskThatIsGone(t *testing.T) {
	folder, c := filepath.Join(t.TempDir(), "data"), clockAt(dawn)
	failOn(t, os.WriteFile(folder, nil, 0o600)) // no folder can be made there
	s, log := opened(t, filepath.Join(folder, "metrics.db"), c)
	for range 30 {
		filled(s, c, "a", 10)
		s.flushNow()
	}
	st := s.Status()
	if st.Failure == nil || st.Lag != 300*time.Second || st.Lost != 0 || log.count("does not take metrics") != 1 {
		t.Errorf("%+v, log: %s", st, log.text.String())
	}
	if n := total(t, s, "a"); n != 300 {
		t.Errorf("%d samples can be read of memory", n)
	}
	if list, err := s.List(t.Context(), Filter{Name: "IngestBitrate"}, dawn); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	failOn(t, os.Remove(folder))
	s.flushNow()
	if n, st := total(t, s, "a"), s.Status(); n != 300 || st.Failure != nil || st.Lag != 0 || st.Bytes == 0 || log.count("takes metrics again") != 1 {
		t.Errorf("%d samples, %+v, log: %s", n, st, log.text.String())
	}
	failOn(t, os.RemoveAll(folder)) // SQLite has it open still
	failOn(t, s.db.Close())
	s.db = nil
	filled(s, c, "a", 10)
	s.flushNow()
	if st := s.Status(); st.Failure != nil {
		t.Errorf("a folder that can be made again: %+v", st)
	}
}

// A full disk takes nothing; what has been written stays readable.
func TestDiskThatIsFull(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "metrics.db"), clockAt(dawn)
	s, log := opened(t, path, c)
	filled(s, c, "a", 60)
	s.flushNow()
	var pages int
	failOn(t, s.db.QueryRow("PRAGMA page_count").Scan(&pages))
	s.db.SetMaxOpenConns(1)
	_, err := s.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)) // SQLITE_FULL, as of a disk
	failOn(t, err)
	for n := range 20 {
		for i := range 60 {
			s.Add(ofChannel("IngestBitrate", fmt.Sprint("other", n)), c.now(), float64(i*i*7919%1_000_003))
			c.pass(time.Second)
		}
	}
	s.file.Lock()
	err = s.write(s.now(), false)
	s.report(err, s.now())
	s.rest()
	s.file.Unlock()
	if st := s.Status(); err == nil || st.Failure == nil || log.count("does not take metrics") != 1 {
		t.Fatalf("%v, %+v", err, st)
	}
	if n := total(t, s, "a"); n != 60 {
		t.Errorf("%d samples", n)
	}
	_, err = s.db.Exec("PRAGMA max_page_count = 1000000")
	failOn(t, err)
	s.flushNow()
	for n := range 20 {
		if got := total(t, s, fmt.Sprint("other", n)); got != 60 {
			t.Errorf("%d: %d samples", n, got)
		}
	}
	if st := s.Status(); st.Failure != nil || st.Lost != 0 || log.count("takes metrics again") != 1 {
		t.Errorf("%+v", st)
	}
}

// Memory is bounded: the oldest goes, and is counted.
func TestMemoryIsBounded(t *testing.T) {
	folder, c := filepath.Join(t.TempDir(), "data"), clockAt(dawn)
	failOn(t, os.WriteFile(folder, nil, 0o600))
	s, _ := opened(t, filepath.Join(folder, "metrics.db"), c)
	const channels = 100
	minutes := waitingMost/60/channels + 10
	for range minutes {
		for n := range channels {
			filled(s, c, fmt.Sprint(n), 60)
			c.pass(-time.Minute)
		}
		c.pass(time.Minute)
	}
	s.flushNow()
	const open = 60 * channels // of the minute that was measured last
	if left := minutes*60*channels - int(s.Status().Lost); left > waitingMost+open || left <= waitingMost {
		t.Errorf("%d of %d points are left", left, minutes*60*channels)
	}
	if n := total(t, s, "0"); n == 0 || n > (waitingMost+open)/channels {
		t.Errorf("%d samples of a channel", n)
	}
}

// What a clock that is set back for days has measured is there, and so is what was measured before.
func TestClockThatWasWrong(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "metrics.db"), clockAt(after(400*24*time.Hour))
	s, _ := opened(t, path, c)
	filled(s, c, "a", 7200)
	s.flushNow()
	c.pass(-400 * 24 * time.Hour)
	for range 3 {
		filled(s, c, "a", 60)
		s.flushNow()
	}
	if n := total(t, s, "a"); n != 180 {
		t.Errorf("%d samples", n)
	}
	c.pass(400*24*time.Hour - time.Hour)
	s.flushNow()
	if n := total(t, s, "a"); n != 7200 {
		t.Errorf("%d samples of before", n)
	}
}

// What is not finite, or beyond what is kept exactly, is refused and counted.
func TestValuesThatAreNone(t *testing.T) {
	s, _ := opened(t, filepath.Join(t.TempDir(), "metrics.db"), clockAt(dawn))
	zero := 0.0
	for _, v := range []float64{zero / zero, 1 / zero, -1 / zero, 1e300} {
		s.Add(ofChannel("IngestBitrate", "a"), dawn, v)
	}
	if st, n := s.Status(), total(t, s, "a"); st.Lost != 4 || n != 0 {
		t.Errorf("%+v, %d", st, n)
	}
}
