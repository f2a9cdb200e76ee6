package service

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
)

// entry is what the journal was given.
type entry struct {
	Message  string
	Priority journal.Priority
	Fields   map[string]string
}

// recorded has a handler write into a list.
func recorded() (*Journal, func() []entry) {
	var mu sync.Mutex
	var list []entry
	j := newJournal(slog.LevelInfo, func(message string, p journal.Priority, fields map[string]string) error {
		mu.Lock()
		defer mu.Unlock()
		delete(fields, "SYSLOG_IDENTIFIER")
		list = append(list, entry{message, p, fields})
		return nil
	})
	return j, func() []entry {
		j.Close()
		return list
	}
}

func TestRecordsHaveTheirAttributesAsFields(t *testing.T) {
	j, entries := recorded()
	log := slog.New(j)
	live := log.With("channel", "studio", "stream", "s-1")
	live.Info("publisher accepted", "protocol", "rtmp")
	live.Warn("slow", "took", 1500*time.Millisecond, "not encoded for want of room", []string{"360p30"})
	log.Error("no good", "reason", errors.New("open it:\ntwo lines"), "message", "m", "_time", 1, "level", slog.LevelWarn)
	log.Debug("nobody wants to know")
	log.WithGroup("store").With("at", 7).Info("grouped", slog.Group("lag", "ms", 3))
	live.Info("bare")
	want := []entry{
		{"publisher accepted channel=studio stream=s-1 protocol=rtmp", journal.PriInfo, map[string]string{"CHANNEL": "studio", "STREAM": "s-1", "PROTOCOL": "rtmp"}},
		{`slow channel=studio stream=s-1 took=1.5s "not encoded for want of room"=[360p30]`, journal.PriWarning, map[string]string{
			"CHANNEL": "studio", "STREAM": "s-1", "TOOK": "1.5s", "NOT_ENCODED_FOR_WANT_OF_ROOM": "[360p30]",
		}},
		{`no good reason="open it:\ntwo lines" message=m _time=1`, journal.PriErr, map[string]string{
			"REASON": "open it:\ntwo lines", "LADDERD_MESSAGE": "m", "TIME": "1", "LEVEL": "WARN",
		}},
		{"grouped store.at=7 store.lag.ms=3", journal.PriInfo, map[string]string{"STORE_AT": "7", "STORE_LAG_MS": "3"}},
		{"bare channel=studio stream=s-1", journal.PriInfo, map[string]string{"CHANNEL": "studio", "STREAM": "s-1"}},
	}
	if diff := cmp.Diff(want, entries()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A journal that hangs holds nobody up, and is told later what it has lost.
func TestJournalThatHangsHoldsNobodyUp(t *testing.T) {
	hold := make(chan struct{})
	var mu sync.Mutex
	var got []string
	j := newJournal(slog.LevelInfo, func(message string, _ journal.Priority, fields map[string]string) error {
		<-hold
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(message, "lost") && fields["CHANNEL"] != "" {
			t.Errorf("told as the channel's whose line comes next: %v", fields)
		}
		got = append(got, message)
		return nil
	})
	log := slog.New(j).With("channel", "studio")
	const more = 10
	for range waitingLines + 1 + more { // one may be on its way
		log.Info("line")
	}
	close(hold)
	for {
		mu.Lock()
		n := len(got)
		mu.Unlock()
		if n >= waitingLines {
			break
		}
		time.Sleep(time.Millisecond)
	}
	log.Info("last")
	j.Close()
	j.Close()
	log.Info("after the end")
	told := 0
	for _, message := range got {
		if message == "10 lines of the log were lost: the journal did not take them in time" || message == "11 lines of the log were lost: the journal did not take them in time" {
			told++
		}
	}
	if told != 1 || got[len(got)-1] != "last channel=studio" {
		t.Errorf("%d lines, the last %q, lost ones told %d times", len(got), got[len(got)-1], told)
	}
}
