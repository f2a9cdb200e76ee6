package ts

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"ladderd/media"
)

// mostHeld is what a publisher's media may take here at any time, in bytes. A connection
// may take 64 MB, of which libsrt's buffer has 26 at the longest latency, and the heap
// grows to about twice what is held.
const mostHeld = 19 << 20

// The longest picture, on its way to a session that is behind.
func TestTheLargestPictureFitsIntoAConnectionsMemory(t *testing.T) {
	stream := twoOfTheLargest(t)
	var before, after runtime.MemStats
	var held int64
	pictures := 0
	d := NewDemuxer(func(p media.Packet) error {
		pictures++
		runtime.GC()
		runtime.ReadMemStats(&after)
		held = max(held, int64(after.HeapAlloc)-int64(before.HeapAlloc))
		runtime.KeepAlive(p)
		return nil
	})
	runtime.GC()
	runtime.ReadMemStats(&before)
	for message := range slices.Chunk(stream, 7*packetSize) {
		must(t, d.Write(message))
	}
	must(t, d.End())
	runtime.KeepAlive(stream)
	t.Logf("%d MiB are held", held>>20)
	if pictures != 2 || held > mostHeld {
		t.Errorf("%d bytes are held, with %d pictures", held, pictures)
	}
}

func twoOfTheLargest(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	video := &mpegts.Track{Codec: &codecs.H264{}}
	w := &mpegts.Writer{W: &b, Tracks: []*mpegts.Track{video}}
	must(t, w.Initialize())
	slice := append([]byte{0x65}, bytes.Repeat([]byte{'i'}, maxPicture-200)...)
	for n := range int64(2) {
		must(t, w.WriteH264(video, begin+n*period, begin+n*period, [][]byte{sps180, pps0, slice}))
	}
	return b.Bytes()
}
