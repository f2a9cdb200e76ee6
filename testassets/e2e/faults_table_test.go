package e2e

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// faultsFile is what `make faults` names: the file in which the results are put between
// the two marks.
var faultsFile = flag.String("faults", "", "file into which the fault matrix writes its results")

const (
	tableBegins = "<!-- made by `make faults`: begin -->\n"
	tableEnds   = "<!-- made by `make faults`: end -->\n"
)

// finding is a row of the table.
type finding struct {
	cell
	noticed     time.Duration // from the fault to the worker's end; of one that does not open from the publisher's start
	moved       string        // what the stream goes on with
	lost, stall time.Duration // in the rendition that has most
	restarts    int
}

// String is the row in Markdown.
func (f finding) String() string {
	noticed := "–" // no worker was replaced
	if f.restarts > 0 {
		noticed = fmt.Sprintf("%.2f s", f.noticed.Seconds())
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %d | %.2f s | %.2f s |", f.fault, f.name,
		noticed, f.moved, f.restarts, f.lost.Seconds(), f.stall.Seconds())
}

// findings are those of a run.
type findings struct {
	mu   sync.Mutex
	rows []finding
}

func (r *findings) add(row finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = append(r.rows, row)
}

// write puts the table into the file, if there is one and nothing has failed.
func (r *findings) write(t *testing.T) {
	if *faultsFile == "" || t.Failed() {
		return
	}
	if n := len(faults) * len(broadcasts) * len(victims); len(r.rows) != n {
		t.Fatalf("%d of %d results, which are not written", len(r.rows), n)
	}
	text, err := os.ReadFile(*faultsFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := bytes.Cut(text, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		t.Fatalf("%s lacks the marks of the table", *faultsFile)
	}
	text = slices.Concat(before, []byte(tableBegins), []byte(r.table()), []byte(tableEnds), after)
	if err := os.WriteFile(*faultsFile, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// loadAverage is the machine's load average, of a minute.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err.Error()
	}
	average, _, _ := strings.Cut(string(b), " ")
	return average
}

// table is the results in Markdown.
func (r *findings) table() string {
	slices.SortStableFunc(r.rows, func(a, b finding) int {
		return cmp.Or(a.broadcast-b.broadcast, slices.Index(faults, a.fault)-slices.Index(faults, b.fault), strings.Compare(a.name, b.name))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "\nOne run on %d cores, with a load average of %s at its end; GPUs by doubles of their drivers.\n", runtime.NumCPU(), loadAverage())
	for i, broadcast := range broadcasts {
		fmt.Fprintf(&b, "\n%s:\n\n| fault | encoder | noticed after | goes on with | workers more | media lost | stall |\n|---|---|---|---|---|---|---|\n", broadcast.name)
		for _, row := range r.rows {
			if row.broadcast == i {
				fmt.Fprintln(&b, row)
			}
		}
	}
	return b.String() + "\n"
}
