package m3u8

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParseMedia reads a minute in segments of 2 s, of which the last four
// have their parts: what a player loads three times a second.
func BenchmarkParseMedia(b *testing.B) {
	var text strings.Builder
	text.WriteString("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.334\n#EXT-X-MAP:URI=\"init0.mp4\"\n")
	for i := range 30 {
		text.WriteString("#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z\n")
		for k := range 6 * (i / 26) {
			fmt.Fprintf(&text, "#EXT-X-PART:DURATION=0.33333,URI=\"%d.%d.m4s\",INDEPENDENT=YES\n", i, k)
		}
		fmt.Fprintf(&text, "#EXTINF:2.00000,\n%d.m4s\n", i)
	}
	body := []byte(text.String())
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := ParseMedia(body); err != nil {
			b.Fatal(err)
		}
	}
}
