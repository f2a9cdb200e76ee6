package top

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/golden"
)

// noon is when the answer in testdata came.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// busy is a daemon with much that is wrong.
func busy(t *testing.T) Snapshot {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "healthz.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const address = "http://127.0.0.1:9090"

// screen is one that has had an answer.
func screen(shot Snapshot, paint Paint, width, height int) *Screen {
	s := New(address, paint)
	s.Resize(width, height)
	s.Take(shot, noon)
	return s
}

// press presses keys, which have blanks between them.
func press(s *Screen, keys string) *Screen {
	for _, key := range strings.Fields(keys) {
		s.Press(key)
	}
	return s
}

// visible has a terminal's sequences in letters.
func visible(frame string) string { return strings.ReplaceAll(frame, "\x1b", "␛") + "\n" }

func TestFramesGolden(t *testing.T) {
	shot := busy(t)
	gone := screen(shot, Plain, 80, 24)
	gone.Miss(errors.New("dial tcp 127.0.0.1:9090: connect: connection refused"), noon.Add(time.Second))
	waits := New(address, Plain)
	waits.Miss(errors.New("dial tcp 127.0.0.1:9090: connect: connection refused"), noon)
	ended := press(screen(shot, Plain, 80, 24), "enter")
	ended.Take(Snapshot{At: noon}, noon)
	for name, s := range map[string]*Screen{
		"list-80x24":        screen(shot, Plain, 80, 24),
		"list-80x24-mono":   screen(shot, Mono, 80, 24),
		"list-80x24-colour": screen(shot, Colour, 80, 24),
		"list-40x12":        screen(shot, Plain, 40, 12),
		"list-120x40":       screen(shot, Plain, 120, 40),
		"list-200x30":       screen(shot, Plain, 200, 30),
		"chosen-80x24":      press(screen(shot, Colour, 80, 24), "s s j j down"),
		"filter-80x24":      press(screen(shot, Plain, 80, 24), "/ a - C"),
		"filtered-80x24":    press(screen(shot, Plain, 80, 24), "/ S t u enter p"),
		"nothing-80x24":     press(screen(shot, Plain, 80, 24), "/ x x x enter"),
		"idle-80x24":        screen(Snapshot{At: noon, Started: noon.Add(-time.Second), Version: "(devel), commit unknown, go1.26.0"}, Plain, 80, 24),
		"gone-80x24":        gone,
		"waits-80x24":       waits,
		"details-80x24":     press(screen(shot, Plain, 80, 24), "j enter"),
		"details-80x10":     press(screen(shot, Plain, 80, 10), "j enter j j"),
		"details-120x40":    press(screen(shot, Colour, 120, 40), "/ 日 enter enter"),
		"ended-80x24":       ended,
		"help-80x24":        press(screen(shot, Plain, 80, 24), "?"),
	} {
		t.Run(name, func(t *testing.T) {
			golden.Check(t, filepath.Join("testdata", name+".golden"), visible(s.Frame(noon.Add(30*time.Second))))
		})
	}
}

func TestPagesGolden(t *testing.T) {
	shot := busy(t)
	for _, columns := range []int{0, 80} {
		page := Page(address, shot, columns, noon)
		golden.Check(t, filepath.Join("testdata", fmt.Sprintf("page-%d.golden", columns)), page)
		if strings.Contains(page, "\x1b") {
			t.Error("a page is not plain text")
		}
	}
	golden.Check(t, filepath.Join("testdata", "page-ascii.golden"), ASCII(Page(address, shot, 80, noon)))
}
