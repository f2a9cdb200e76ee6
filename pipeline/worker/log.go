package worker

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/asticode/go-astiav"

	"ladderd/pipeline"
)

// connHandler sends log records to the daemon, which knows where they belong.
type connHandler struct {
	send  func(pipeline.Message) error
	attrs string // " key=value" of each attribute
	group string
}

func (h *connHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *connHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(h.text(a))
		return true
	})
	level := min(max(r.Level, slog.LevelDebug), slog.LevelError)
	return h.send(pipeline.Log{Level: level, Text: b.String()})
}

func (h *connHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	for _, a := range attrs {
		c.attrs += h.text(a)
	}
	return &c
}

func (h *connHandler) WithGroup(name string) slog.Handler {
	c := *h
	c.group += name + "."
	return &c
}

func (h *connHandler) text(a slog.Attr) string {
	return fmt.Sprintf(" %s%s=%v", h.group, a.Key, a.Value)
}

// logLibav sends libav's own messages to log until undo is called. What libav calls
// an error concerns one packet or frame, so it is a warning here. go-astiav formats
// a message into 1024 bytes without a limit: nothing below a warning is let through,
// since only those quote what a publisher sent.
func logLibav(log *slog.Logger) (undo func()) {
	levels := map[astiav.LogLevel]slog.Level{
		astiav.LogLevelPanic:   slog.LevelError,
		astiav.LogLevelFatal:   slog.LevelError,
		astiav.LogLevelError:   slog.LevelWarn,
		astiav.LogLevelWarning: slog.LevelDebug,
	}
	var mu sync.Mutex
	seen := map[string]int{}
	astiav.SetLogLevel(astiav.LogLevelWarning)
	astiav.SetLogCallback(func(c astiav.Classer, l astiav.LogLevel, format, text string) {
		level, ok := levels[l]
		if !ok {
			return
		}
		libavSaid.add(text)
		if text = strings.TrimSpace(text); text == "" {
			return // the end of a line that came in pieces
		}
		mu.Lock()
		seen[format]++
		n := seen[format]
		mu.Unlock()
		// The first, second, fourth, eighth …: a broken source causes thousands.
		if n&(n-1) == 0 {
			log.Log(context.Background(), level, "libav: "+text, "from", className(c), "times", n)
		}
	})
	return astiav.ResetLogCallback
}

func className(c astiav.Classer) string {
	if c == nil {
		return "libav"
	}
	if class := c.Class(); class != nil {
		return class.Name()
	}
	return "libav"
}
