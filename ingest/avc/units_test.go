package avc

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestSplitStartCodes(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"start codes of 3 and 4 bytes", "\x00\x00\x01\x65idr\x00\x00\x00\x01\x41slice", "\x65idr|\x41slice"},
		{"zero bytes around", "\x00\x00\x00\x00\x01\x65idr\x00\x00\x00", "\x65idr"},
		{"empty units", "\x00\x00\x01\x00\x00\x01\x65idr", "\x65idr"},
		{"nothing", "\x00\x00\x01", ""},
	} {
		units, err := SplitStartCodes([]byte(c.data))
		if got := string(bytes.Join(units, []byte("|"))); err != nil || got != c.want {
			t.Errorf("%s: got %q and %v, want %q", c.name, got, err, c.want)
		}
	}
	if _, err := SplitStartCodes([]byte("\x65idr")); err == nil {
		t.Error("data without a start code are taken")
	}
	many := []byte(strings.Repeat("\x00\x00\x01\x41", maxUnits+1))
	if _, err := SplitStartCodes(many); !errors.Is(err, errTooMany) {
		t.Errorf("too many units: %v", err)
	}
}
