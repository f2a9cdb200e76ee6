package service

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
)

// waitingLines is how many lines wait for the journal: some seconds of a busy daemon's. When they
// are full further ones are lost, and counted: a journal that hangs must not have streams hang.
const waitingLines = 4096

// ToJournal says whether standard error is the journal, so that records can be handed over
// with their fields.
func ToJournal() bool {
	is, err := journal.StderrIsJournalStream()
	return err == nil && is && journal.Enabled()
}

// Journal is a slog.Handler that writes to systemd's journal. Each attribute is a field too, under its
// key in capitals: CHANNEL, STREAM, REASON.
type Journal struct {
	queue  *queue
	level  slog.Leveler
	fields []field // of WithAttrs
	group  string  // before the keys, each followed by a dot
	text   *text
	words  slog.Handler // writes attributes to text
}

type field struct{ name, value string }

// text is what attributes are written to, one record at a time.
type text struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// NewJournal makes a handler. Close it, for what waits.
func NewJournal(level slog.Leveler) *Journal { return newJournal(level, journal.Send) }

func newJournal(level slog.Leveler, send sender) *Journal {
	j := &Journal{queue: newQueue(send), level: level, text: &text{}}
	j.words = slog.NewTextHandler(&j.text.buf, &slog.HandlerOptions{Level: slog.Level(-1000), ReplaceAttr: withoutHead})
	return j
}

// withoutHead leaves out level and message, which the journal has in fields of their own.
func withoutHead(groups []string, a slog.Attr) slog.Attr {
	_, isLevel := a.Value.Any().(slog.Level)
	if len(groups) == 0 && (a.Key == slog.LevelKey && isLevel || a.Key == slog.MessageKey && a.Value.String() == "") {
		return slog.Attr{}
	}
	return a
}

// Enabled is slog.Handler's.
func (j *Journal) Enabled(_ context.Context, l slog.Level) bool { return l >= j.level.Level() }

// Handle is slog.Handler's. The message has the attributes behind it, for journalctl as it is
// mostly called.
func (j *Journal) Handle(ctx context.Context, r slog.Record) error {
	bare := slog.NewRecord(time.Time{}, r.Level, "", 0)
	l := line{priority: priority(r.Level), fields: identified()}
	for _, f := range j.fields {
		l.fields[f.name] = f.value
	}
	r.Attrs(func(a slog.Attr) bool {
		bare.AddAttrs(a)
		for _, f := range flatten(j.group, a) {
			l.fields[f.name] = f.value
		}
		return true
	})
	j.text.mu.Lock()
	j.text.buf.Reset()
	err := j.words.Handle(ctx, bare)
	l.message = strings.TrimSpace(r.Message + " " + strings.TrimSpace(j.text.buf.String()))
	j.text.mu.Unlock()
	j.queue.add(l)
	return err
}

// WithAttrs is slog.Handler's.
func (j *Journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *j
	more.fields = append([]field{}, j.fields...)
	for _, a := range attrs {
		more.fields = append(more.fields, flatten(j.group, a)...)
	}
	more.words = j.words.WithAttrs(attrs)
	return &more
}

// WithGroup is slog.Handler's.
func (j *Journal) WithGroup(name string) slog.Handler {
	if name == "" {
		return j
	}
	more := *j
	more.group += name + "."
	more.words = j.words.WithGroup(name)
	return &more
}

// Close waits, for a while, until the journal has all that was logged.
func (j *Journal) Close() { j.queue.close() }

// flatten is an attribute as fields, of which a group has several.
func flatten(group string, a slog.Attr) (list []field) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, inner := range v.Group() {
			list = append(list, flatten(group, inner)...)
		}
		return list
	}
	name := fieldName(group + a.Key)
	if name == "" {
		return nil
	}
	return []field{{name, v.String()}}
}

// fieldName is a key as the journal takes it: capitals, digits and underscores, none of these in
// front, 64 at most. MESSAGE and PRIORITY are the journal's own.
func fieldName(key string) string {
	name := strings.TrimLeft(strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		}
		return '_'
	}, key), "_")
	if name == "MESSAGE" || name == "PRIORITY" {
		name = "LADDERD_" + name
	}
	return name[:min(len(name), 64)]
}

// priority is syslog's.
func priority(l slog.Level) journal.Priority {
	switch {
	case l >= slog.LevelError:
		return journal.PriErr
	case l >= slog.LevelWarn:
		return journal.PriWarning
	case l >= slog.LevelInfo:
		return journal.PriInfo
	}
	return journal.PriDebug
}
