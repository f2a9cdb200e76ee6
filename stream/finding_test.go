package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
)

// diaryAt is a diary whose time is told.
func diaryAt(seconds *float64) diary {
	d := newDiary()
	d.now = func() time.Time { return moment(*seconds) }
	return d
}

func TestFindingBeginsAndIsOver(t *testing.T) {
	var now float64
	d := diaryAt(&now)
	var told []string
	for ; now < 200; now++ {
		var news []Finding
		if now == 10 || now == 30 || now == 59 || now == 120 { // at 59 s it is still the first one
			news = d.see(ClockJump, "at %.0f", now)
		}
		for _, f := range append(news, d.sweep()...) {
			told = append(told, fmt.Sprintf("%.0f %s %t", now, f.Text, f.Over.IsZero()))
		}
	}
	if want := []string{"10 at 10 true", "90 at 59 false", "120 at 120 true", "151 at 120 false"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	want := []Finding{
		{ClockJump, "at 120", moment(120), moment(120)}, // the latest first
		{ClockJump, "at 59", moment(10), moment(59)},
	}
	if got := d.findings(); !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

func TestFindingThatLastsHasNoEnd(t *testing.T) {
	now := 1.
	d := diaryAt(&now)
	d.see(Interlaced, "fields")
	now = 1e6
	if over := d.sweep(); over != nil {
		t.Errorf("over by itself: %v", over)
	}
	fields := func() (m map[string]any) {
		text, err := json.Marshal(d.findings()[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	if got := fields(); got["since"] == nil || got["over"] != nil {
		t.Errorf("while it lasts: %v", got)
	}
	d.end(Interlaced)
	if got := fields(); got["over"] == nil {
		t.Errorf("when it is over: %v", got)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	var now float64
	d := diaryAt(&now)
	for ; now < 1000; now++ {
		d.see(OpenGOP, "open")
		d.end(OpenGOP)
	}
	if got := d.findings(); len(got) != pastMost || !got[0].Over.Equal(moment(999)) {
		t.Errorf("%d are kept, the first is %v", len(got), got[0])
	}
}

func TestFindingsOfAPublisherEndWithIt(t *testing.T) {
	var now float64
	c := newCheckup()
	c.diary = diaryAt(&now)
	c.see(Interlaced, "fields")
	c.see(Starvation, "silence")
	if over := c.renewed(); len(over) != 1 || over[0].Code != Interlaced || !c.lasts(Starvation) {
		t.Errorf("over: %v, all: %v; want the stream's starvation to last", over, c.findings())
	}
}
