package publish

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	script = Tag{Type: TagScript, Body: []byte{2}}
	config = Tag{Type: TagVideo, Body: []byte{0x17, 0, 0, 0, 0, 1}}
	sound  = Tag{Type: TagAudio, Time: 21, Due: 21, Body: []byte{0xaf, 1, 5}}
)

func key(ms int64) Tag   { return Tag{TagVideo, ms, ms, []byte{0x17, 1, 0, 0, 0, 9}} }
func delta(ms int64) Tag { return Tag{TagVideo, ms, ms, []byte{0x27, 1, 0, 0, 0, 9}} }

func TestFLVIsReadAsItWasWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.flv")
	// The second time needs the extended byte of the timestamp.
	want := []Tag{script, config, key(0), sound, delta(0x1234567)}
	if err := WriteFLV(file, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFLV(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEdits(t *testing.T) {
	tests := []struct {
		name      string
		got, want []Tag
	}{
		{"a clip is repeated without its configurations and what hangs over",
			Repeat([]Tag{script, config, key(0), sound, delta(33), delta(66)}, 66, 2),
			[]Tag{script, config, key(0), sound, delta(33), key(66), {TagAudio, 87, 87, sound.Body}, delta(99)}},
		{"frames are dropped until the next key frame",
			DropUntilKey([]Tag{config, key(0), delta(40), delta(80), sound, delta(120), key(160), delta(200)}, 70),
			[]Tag{config, key(0), delta(40), sound, key(160), delta(200)}},
		{"a shifted clock changes what tags say, not when they are sent",
			Shift([]Tag{key(0), delta(40), delta(80)}, 40, -30),
			[]Tag{key(0), {TagVideo, 10, 40, delta(0).Body}, {TagVideo, 50, 80, delta(0).Body}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJoinGoesOnInTime(t *testing.T) {
	got, err := Join([]Tag{script, config, key(0), delta(40)}, []Tag{script, config, key(0)})
	if err != nil {
		t.Fatal(err)
	}
	again := config
	again.Time, again.Due = 80, 80
	if diff := cmp.Diff([]Tag{script, config, key(0), delta(40), again, key(80)}, got); diff != "" {
		t.Error(diff)
	}
}
