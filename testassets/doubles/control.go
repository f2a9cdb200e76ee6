package doubles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"ladderd/testassets/daemon"
)

// Owner is what a machine belongs to and ends with: a test, or a program that acts as one.
// Fatal and Fatalf do not return.
type Owner interface {
	Helper()
	TempDir() string
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// control is how a test and the doubles of one machine speak to each other: files of
// settings one way, and the record the other way.
type control struct {
	t         Owner
	libraries string // folder with links to the doubles that the machine has
	folder    string // in it; the doubles find it beside the links by which they were loaded

	mu    sync.Mutex
	cards map[int]*card // by number
}

// card is what the file of a card says.
type card struct {
	has    settings
	faults []Fault
	lost   bool
}

// newControl makes the folders of a machine that has these libraries. It fails the test
// where the doubles have not been built.
func newControl(t Owner, libraries []string) *control {
	t.Helper()
	root, err := daemon.Root()
	if err != nil {
		t.Fatal(err)
	}
	c := &control{t: t, libraries: t.TempDir(), cards: map[int]*card{}}
	c.folder = filepath.Join(c.libraries, "control")
	if err := os.Mkdir(c.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, library := range libraries {
		built := filepath.Join(root, "bin", "doubles", library)
		if _, err := os.Stat(built); err != nil {
			t.Fatalf("%v: the doubles of drivers have not been built: run `make setup-test`", err)
		}
		if err := os.Symlink(built, filepath.Join(c.libraries, library)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// add puts a card into the machine.
func (c *control) add(number int, has settings) {
	c.t.Helper()
	c.mu.Lock()
	c.cards[number] = &card{has: has}
	c.mu.Unlock()
	c.change(number, func(*card) {})
}

// misbehave adds a fault to a card, in the place of an earlier one at the same point.
func (c *control) misbehave(number int, f Fault) {
	c.t.Helper()
	c.change(number, func(a *card) {
		a.faults = append(slices.DeleteFunc(a.faults, func(old Fault) bool { return old.At == f.At }), f)
	})
}

func (c *control) lose(number int) {
	c.t.Helper()
	c.change(number, func(a *card) { a.lost = true })
}

func (c *control) heal(number int) {
	c.t.Helper()
	c.change(number, func(a *card) { a.faults, a.lost = nil, false })
}

// change changes a card and tells the doubles.
func (c *control) change(number int, how func(*card)) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.cards[number]
	how(a)
	c.write(fmt.Sprintf("card%d", number), a.String())
}

// String is the card's file.
func (a *card) String() string {
	lines := slices.Clone(a.has)
	if a.lost {
		lines = append(lines, setting{"lost", 1})
	}
	for _, f := range a.faults {
		at := string(f.At)
		lines = append(lines, setting{at, string(f.Word)}, setting{at + "_after", f.After},
			setting{at + "_delay_us", int(f.Delay.Microseconds())}, setting{at + "_pid", f.PID})
	}
	return lines.String()
}

// write puts a file of the folder in place at once, since doubles read it while it
// changes.
func (c *control) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.folder, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		c.t.Fatal(err)
	}
}

// recorded is all that the machine's drivers were given so far, in order.
func recorded[E any](c *control) ([]E, error) {
	data, err := os.ReadFile(filepath.Join(c.folder, "record.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the doubles' record: %w", err)
	}
	var events []E
	for line := range bytes.Lines(data) {
		var e E
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("read the doubles' record: %q: %w", line, err)
		}
		events = append(events, e)
	}
	return events, nil
}
