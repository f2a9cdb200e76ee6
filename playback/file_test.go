package playback

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ladderd/packager"
	"ladderd/testassets/await"
)

// spilled is a broadcast of 20 s whose first segments are on disk alone.
func spilled(t *testing.T) *broadcast {
	t.Helper()
	disk, err := packager.OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	})
	b := newBroadcastOn(t, disk)
	b.send(19*30 + 5)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = await.Until(ctx, "the disk to take the segments", nil, func() (bool, error) {
		b.send(30) // what is on disk leaves memory with the next segment's end
		res, err := rendition(t, b).Media(ctx, "1.1.m4s")
		return res.File != nil, errors.Join(err, res.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSegmentsOnDiskAreSentLikeOthers(t *testing.T) {
	onDisk, inMemory := spilled(t), newBroadcast(t)
	inMemory.send(int(onDisk.frames))
	disk, memory := newTestHandler(t, onDisk), newTestHandler(t, inMemory)
	for _, name := range []string{"0.m4s", "1.m4s", "1.0.m4s", "1.1.m4s", "1.2.m4s", "init0.mp4"} {
		for _, asked := range []string{"", "bytes=0-99", "bytes=500-40000", "bytes=-70", "bytes=-99999999", "bytes=99999999-"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got := do(disk, method, mediaURL+name, "Range", asked)
				want := do(memory, method, mediaURL+name, "Range", asked)
				if got.Code != want.Code || !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) {
					t.Errorf("%s %s %q: status %d with %d bytes, from memory %d with %d", method, name, asked,
						got.Code, got.Body.Len(), want.Code, want.Body.Len())
				}
				for field := range want.Header() {
					expectHeader(t, method+" "+name+" "+asked, got.Header(), field, want.Header().Get(field))
				}
			}
		}
	}
}

// TestSegmentsOnDiskGoOverTheNetwork has net/http send them its own way.
func TestSegmentsOnDiskGoOverTheNetwork(t *testing.T) {
	b := spilled(t)
	h := newTestHandler(t, b)
	want := get(h, mediaURL+"1.m4s").Body.Bytes()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	for range 2 { // on one connection
		answer, err := server.Client().Get(server.URL + mediaURL + "1.m4s")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, want %d: %v", len(got), len(want), err)
		}
	}
}

func TestDeltaUpdates(t *testing.T) {
	b := newBroadcast(t)
	b.send(20 * 30)
	h := newTestHandler(t, b)
	for query, skips := range map[string]bool{
		"": false, "?_HLS_skip=YES": true, "?_HLS_skip=v2": true, "?_HLS_skip=v9": false, "?_HLS_skip=": false,
		"?_HLS_msn=19&_HLS_part=0&_HLS_skip=YES": true, "?_HLS_msn=18": false,
	} {
		w := get(h, mediaURL+"index.m3u8"+query)
		if got := bytes.Contains(w.Body.Bytes(), []byte("#EXT-X-SKIP")); w.Code != http.StatusOK || got != skips {
			t.Errorf("%q: status %d, skips %v, want %v", query, w.Code, got, skips)
		}
	}
}

func rendition(t *testing.T, b *broadcast) *packager.Rendition {
	t.Helper()
	r, ok := b.stream.Rendition("360p30")
	if !ok {
		t.Fatal("no such rendition")
	}
	return r
}
