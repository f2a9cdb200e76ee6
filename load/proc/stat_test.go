package proc

import (
	"testing"
	"time"
)

func TestStatOfAnyName(t *testing.T) {
	got, err := ParseStat([]byte("42 (a) b (c) S 7 42 42 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0 5 0 0"))
	if want := (Stat{42, 7, "a) b (c", 420 * time.Millisecond}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestStatThatIsNone(t *testing.T) {
	for _, text := range []string{"", "42 a S 7", "42 (a) S 7 42", "x (a) S 7 42 42 0 -1 4194560 1 0 0 0 30 12 0", "42 (a) S 7 42 42 0 -1 4194560 1 0 0 0 30 y 0"} {
		if got, err := ParseStat([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
