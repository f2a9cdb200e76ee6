package media

import (
	"slices"
	"testing"
)

func TestRecoveryPoint(t *testing.T) {
	slice := []byte{0x41, 0x9a, 0x00}
	long := append([]byte{0x06, 0x05, 0xff, 0x01}, make([]byte, 256)...) // user data, 256 bytes
	cases := []struct {
		name string
		nals [][]byte
		want bool
	}{
		{"a plain frame", [][]byte{slice}, false},
		{"a recovery point", [][]byte{{0x06, 0x06, 0x01, 0xc4, 0x80}, slice}, true},
		{"behind another message", [][]byte{{0x06, 0x01, 0x01, 0x00, 0x06, 0x01, 0xc4, 0x80}, slice}, true},
		{"behind a long message", [][]byte{slices.Concat(long, []byte{0x06, 0x01, 0xc4, 0x80}), slice}, true},
		{"other messages only", [][]byte{slices.Concat(long, []byte{0x80}), slice}, false},
		{"a message longer than its unit", [][]byte{{0x06, 0x05, 0xff, 0xff}, slice}, false},
		{"nothing in the unit", [][]byte{{0x06}, slice}, false},
	}
	for _, c := range cases {
		var data []byte
		for _, n := range c.nals {
			data = AppendNAL(data, n)
		}
		if got := RecoveryPoint(data); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
