package pipeline

import (
	"bufio"
	"io"
	"log/slog"
	"strings"
)

// Bounds of what one worker may put into the daemon's log by its standard error,
// where crash reports go and what a driver prints.
const (
	maxLine  = 1 << 10 // bytes; the rest of a longer line is left out
	maxLines = 100
)

// stderrLog logs a worker's standard error line by line.
type stderrLog struct {
	log   *slog.Logger
	lines int
	cause string // the line in which the Go runtime tells why it died
}

func (l *stderrLog) copy(r io.Reader) {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, cut, err := in.ReadLine()
		if err != nil {
			break
		}
		l.line(string(line))
		for cut && err == nil {
			_, cut, err = in.ReadLine()
		}
	}
	if l.lines > maxLines {
		l.log.Warn("worker's standard error was cut", "lines", l.lines, "logged", maxLines)
	}
}

func (l *stderrLog) line(text string) {
	if text == "" {
		return
	}
	if l.cause == "" && isCause(text) {
		l.cause = text
	}
	if l.lines++; l.lines <= maxLines {
		l.log.Warn("worker's standard error", "line", text)
	}
}

func isCause(line string) bool {
	for _, prefix := range []string{"panic: ", "fatal error: ", "SIG"} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}
