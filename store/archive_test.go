package store

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func example() Archive {
	return NewArchive(Page{Revision: 9, Entries: []Entry{
		{Key: "a", Value: []byte("\x00\xff"), Revision: 3},
		{Key: "held", Revision: 4, Lease: 7},
		{Key: "z<ä>", Value: []byte{}, Revision: 5},
	}}, "v1.2.0, of a test", time.Unix(1_700_000_000, 5))
}

func written(t testing.TB, a Archive) string {
	t.Helper()
	var b bytes.Buffer
	if err := a.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestArchiveIsAsDocumented is what older and newer programs go by.
func TestArchiveIsAsDocumented(t *testing.T) {
	const want = `{"format":"ladderd-backup","version":1,"ladderd":"v1.2.0, of a test","time":"2023-11-14T22:13:20Z","revision":9,"entries":2}
{"key":"a","value":"AP8="}
{"key":"z<ä>","value":""}
{"sha256":"`
	got := written(t, example())
	if !strings.HasPrefix(got, want) || len(got) != len(want)+64+len("\"}\n") {
		t.Errorf("wrote %s", got)
	}
}

func TestArchiveIsReadAgain(t *testing.T) {
	got, err := ReadArchive(strings.NewReader(written(t, example())))
	want := Archive{Ladderd: "v1.2.0, of a test", Time: time.Unix(1_700_000_000, 0).UTC(), Revision: 9,
		Entries: []Entry{{Key: "a", Value: []byte("\x00\xff")}, {Key: "z<ä>", Value: []byte{}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v", got, err)
	}
	large := Archive{Entries: []Entry{{Key: strings.Repeat("\u0001", MaxKey), Value: make([]byte, MaxValue)}}}
	if _, err := ReadArchive(strings.NewReader(written(t, large))); err != nil {
		t.Error(err)
	}
}

// TestAlteredArchivesAreRefused alters each byte, and cuts the file off at each.
func TestAlteredArchivesAreRefused(t *testing.T) {
	good := written(t, example())
	for i := range len(good) {
		altered := []byte(good)
		altered[i] ^= 1
		if _, err := ReadArchive(bytes.NewReader(altered)); !errors.Is(err, ErrArchive) {
			t.Errorf("byte %d altered: %v", i, err)
		}
		if _, err := ReadArchive(strings.NewReader(good[:i])); !errors.Is(err, ErrArchive) {
			t.Errorf("cut off at byte %d: %v", i, err)
		}
	}
}

func TestArchivesThatAreRefused(t *testing.T) {
	good := written(t, example())
	for _, c := range []struct{ old, new, want string }{
		{`"version":1`, `"version":2`, "line 1: it is of version 2, written by ladderd v1.2.0, of a test; this one reads version 1"},
		{`ladderd-backup`, `tar`, "line 1: its format"},
		{`"entries":2`, `"entries":3`, "line 4"},
		{`"entries":2`, `"entries":1`, "line 3"},
		{`"entries":2`, `"entries":-2`, "line 1"},
		{`AP8=`, `AP9=`, "SHA-256"},
		{`"z<ä>"`, `"a"`, "comes after"},
		{`"key":"a"`, `"key":""`, "a key of 0 bytes"},
		{`"key":"a"`, `"kez":"a"`, "unknown field"},
		{`AP8=`, strings.Repeat("A", maxLine), "longer than"},
		{good, good + "\n", "more behind"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if _, err := ReadArchive(strings.NewReader(text)); !errors.Is(err, ErrArchive) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v", c.new[:min(20, len(c.new))], c.old, err)
		}
	}
}

// FuzzReadArchive reads anything. What it takes it writes as it was, or as much the same.
func FuzzReadArchive(f *testing.F) {
	f.Add([]byte(written(f, example())))
	f.Add([]byte(written(f, Archive{})))
	f.Add([]byte(`{"format":"ladderd-backup","version":1,"entries":1000000000}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ReadArchive(bytes.NewReader(text))
		if err != nil {
			return
		}
		again, err := ReadArchive(strings.NewReader(written(t, a)))
		if err != nil || len(again.Entries) != len(a.Entries) || again.Revision != a.Revision {
			t.Errorf("written again: %v", err)
		}
	})
}
