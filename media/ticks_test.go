package media

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want Ticks
	}{
		{0, 0}, {time.Second, 90000}, {333 * time.Millisecond, 29970}, {time.Millisecond, 90},
		{11111 * time.Nanosecond, 1}, {5555 * time.Nanosecond, 0}, {5556 * time.Nanosecond, 1},
		{-time.Second, -90000}, {-11111 * time.Nanosecond, -1}, {-5556 * time.Nanosecond, -1}, {-5555 * time.Nanosecond, 0},
		{100 * 365 * 24 * time.Hour, 100 * 365 * 86400 * 90000},
	} {
		if got := FromDuration(c.d); got != c.want {
			t.Errorf("%s are %d ticks, want %d", c.d, got, c.want)
		}
	}
	if got := FromMillis(-40); got != -3600 {
		t.Errorf("-40 ms are %d ticks", got)
	}
	if got := Ticks(30030).Duration(); got != 333666666*time.Nanosecond {
		t.Errorf("30030 ticks are %s", got)
	}
	if got := Ticks(45000).Seconds(); got != 0.5 {
		t.Errorf("45000 ticks are %v s", got)
	}
}

func TestTicksSurviveDuration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const century = 100 * 365 * 86400 * Clock
		ticks := Ticks(rapid.Int64Range(-century, century).Draw(t, "ticks"))
		if back := FromDuration(ticks.Duration()); back != ticks {
			t.Errorf("%d ticks came back as %d", ticks, back)
		}
	})
}
