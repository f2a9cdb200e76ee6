package packager

import (
	"fmt"
	"strings"

	"ladderd/ladder"
	"ladderd/media"
)

const (
	// patience is how much media passes before a multivariant playlist is handed
	// out that lacks renditions which have no part yet.
	patience = media.Ticks(2 * media.Clock)
	// outdated is how far behind the newest media a rendition may be and still be
	// listed for new viewers.
	outdated = media.Ticks(15 * media.Clock)
)

// variants is the multivariant playlist but for the prefix of its URIs:
// immutable, replaced as the renditions come and their bit rates are measured.
type variants struct {
	header  string
	entries []variant
}

type variant struct {
	name      string
	text      string // the tags before the URI
	onRequest bool
}

func (v *variants) render(prefix string, audioOnly bool) []byte {
	var b strings.Builder
	b.WriteString(v.header)
	for _, e := range v.entries {
		if e.onRequest && !audioOnly {
			continue
		}
		b.WriteString(e.text)
		b.WriteString(prefix)
		b.WriteString(e.name)
		b.WriteString("/index.m3u8\n")
	}
	return []byte(b.String())
}

// newVariants is nil while the playlist could not be true: until each rendition
// that everybody sees has a part, or too much time has passed without.
func newVariants(writers []*writer, c *clock, low, ending bool) *variants {
	version := mediaVersion
	if low {
		version = lowVersion
	}
	v := &variants{header: fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:%d\n", version)}
	if !c.dirty {
		v.header += "#EXT-X-INDEPENDENT-SEGMENTS\n"
	}
	wait := len(c.marks) == 0 || c.young(low) && !ending
	listed := 0
	for _, w := range writers {
		switch {
		case w.init == nil && wait && !w.spec.OnRequest:
			return nil
		case w.init == nil || c.frontier-w.end > outdated || w.borrows(w.init):
			continue
		}
		v.entries = append(v.entries, w.variant())
		if !w.spec.OnRequest {
			listed++
		}
	}
	if listed == 0 {
		return nil
	}
	return v
}

// borrows says that what has this init section shows another rendition's pictures, since
// this one was not encoded for want of room: who comes new is not to choose it, and its bit
// rates are not these.
func (w *writer) borrows(init *initSection) bool {
	if w.spec.Video != ladder.Transcode || init == nil || init.video == nil {
		return false
	}
	return init.video.Width*init.video.Height < w.spec.Width*w.spec.Height
}

// young says whether renditions may still be on their way to what they list first: a
// part, or in plain HLS the first segment.
func (c *clock) young(low bool) bool {
	if low {
		return c.last().msn == 0 && c.frontier-c.marks[0].at < patience
	}
	second, begun := c.after(0)
	return !begun || second.msn == 1 && c.frontier-second.at < patience
}

// variant writes the tags as IVS has them: each variant names a video rendition
// group of its own, whose NAME is the rendition's.
func (w *writer) variant() variant {
	var b strings.Builder
	chosen := "YES"
	if w.spec.Name == ladder.AudioOnly {
		chosen = "NO"
	}
	fmt.Fprintf(&b, "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"%[1]s\",NAME=\"%[1]s\",AUTOSELECT=%[2]s,DEFAULT=%[2]s\n", w.spec.Name, chosen)
	peak, average := w.rates()
	fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s\"", peak, average, w.init.codecs())
	if v := w.init.video; v != nil {
		fmt.Fprintf(&b, ",RESOLUTION=%dx%d", v.Width, v.Height)
		rate := w.spec.Rate
		if !rate.Known() {
			rate = v.Rate
		}
		if rate.Known() {
			fmt.Fprintf(&b, ",FRAME-RATE=%.3f", rate.Float())
		}
	}
	fmt.Fprintf(&b, ",VIDEO=\"%s\"\n", w.spec.Name)
	return variant{name: w.spec.Name, text: b.String(), onRequest: w.spec.OnRequest}
}

// rates are BANDWIDTH and AVERAGE-BANDWIDTH: measured, and the first at least
// what was promised. Until a segment is complete parts have to do, with a quarter
// more, as the first pictures of a broadcast may be the simple ones.
func (w *writer) rates() (peak, average int64) {
	bytes, dur := w.meter.bytes, w.meter.dur
	if dur == 0 {
		bytes, dur = w.window.open.bytes*5/4, w.window.open.dur
	}
	average = bitRate(bytes, dur)
	peak = max(w.promised(), w.meter.peak, average)
	if w.meter.dur == 0 {
		average = peak
	}
	return peak, average
}

// promised is the bit rate that the ladder gives an encoded rendition, or, until one
// of its segments is measured, the encoder a passed-through one; 0 where there is none.
func (w *writer) promised() int64 {
	spec := w.spec
	if spec.Video == ladder.Passthrough {
		if w.meter.dur > 0 {
			return 0
		}
		spec.VideoBitrate, spec.AudioBitrate = w.opts.SourceBitrate, 0
	}
	if spec.VideoBitrate+spec.AudioBitrate == 0 {
		return 0
	}
	return int64(spec.VideoBitrate+spec.AudioBitrate) + w.format.overhead(spec)
}
