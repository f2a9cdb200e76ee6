package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ladderd/m3u8"
)

func TestNewPartsOfAState(t *testing.T) {
	m, err := m3u8.ParseMedia([]byte(`#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:3
#EXT-X-PART:DURATION=1,URI="3.0.m4s"
#EXT-X-PART:DURATION=1,URI="3.1.m4s"
#EXTINF:2,
3.m4s
#EXT-X-PART:DURATION=1,URI="4.0.m4s"
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		msn  int64
		part int
		want []string
	}{
		{3, 0, []string{"3.0.m4s", "3.1.m4s", "4.0.m4s"}}, {3, 1, []string{"3.1.m4s", "4.0.m4s"}},
		{4, 0, []string{"4.0.m4s"}}, {3, 2, []string{"4.0.m4s"}}, {4, 1, nil},
	} {
		if got := since(m, c.msn, c.part); !slices.Equal(got, c.want) {
			t.Errorf("since %d.%d: %v, not %v", c.msn, c.part, got, c.want)
		}
	}
}

func TestRecordingIsWrittenAsItWasSent(t *testing.T) {
	dir := t.TempDir()
	r := recording{states: []recorded{
		{playlist: []byte("packed"), zipped: true, parts: [][]byte{[]byte("a"), []byte("b")}}, {playlist: []byte("plain")},
	}}
	if err := r.write(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"0.m3u8.gz": "packed", "0.0.m4s": "a", "0.1.m4s": "b", "1.m3u8": "plain"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
