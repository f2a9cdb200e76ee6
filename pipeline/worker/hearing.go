package worker

import (
	"strings"
	"sync"
)

// hearing remembers what libav logged last. Its calls return a number; why a device
// refuses stands in the log alone.
type hearing struct {
	mu    sync.Mutex
	parts []string // the newest; libav logs some lines in pieces
	first int64    // the number of parts[0]
}

// libavSaid is one, as libav's log is: what several goroutines' calls log is mixed.
var libavSaid hearing

// heard is how many parts are remembered.
const heard = 64

func (h *hearing) add(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts = append(h.parts, text)
	if over := len(h.parts) - heard; over > 0 {
		h.parts = append(h.parts[:0], h.parts[over:]...)
		h.first += int64(over)
	}
}

// mark is a point in what is said, for since.
func (h *hearing) mark() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.first + int64(len(h.parts))
}

// since are the lines that came after mark, without repetitions.
func (h *hearing) since(mark int64) (lines []string) {
	h.mu.Lock()
	text := strings.Join(h.parts[min(max(mark-h.first, 0), int64(len(h.parts))):], "")
	h.mu.Unlock()
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	return lines
}
