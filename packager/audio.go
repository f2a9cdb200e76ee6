package packager

import "ladderd/media"

// maxAudioQueue is how far audio may come ahead of the rendition's video, which
// may be waiting for a new worker; what is older is dropped.
const maxAudioQueue = media.Ticks(20 * media.Clock)

// audioOverlap is how far a part's audio reaches at least past its video. Where
// both ended together, a browser, which has the end of each AAC frame in whole
// microseconds, says that a segment is buffered to 1 µs before its end. hls.js
// then goes on looking for media in that segment; 1.7.4 stands still if it has
// lost track of one of its parts, as it does where it trims its back buffer in
// mid-segment. Two of RTMP's milliseconds, as its timestamps jitter.
const audioOverlap = 2 * millisecond

// frame is an AAC frame on its way into a part.
type frame struct {
	media.Packet
	params *media.AudioParams // under which it decodes
}

// audioQueue holds a rendition's audio until the part that it belongs to.
type audioQueue struct {
	frames  []frame
	params  *media.AudioParams // of the newest frame
	taken   *media.AudioParams // of the newest frame that was taken
	until   media.Ticks        // where the newest frame ends
	dropped int64
}

// push takes the next packet in PTS order, and says whether it brings parameters
// other than before.
func (q *audioQueue) push(p media.Packet) (changed bool) {
	if p.Audio != nil && !p.Audio.Same(q.params) {
		changed = true
		q.params = p.Audio
	}
	if q.params == nil || len(q.frames) > 0 && p.PTS <= q.frames[len(q.frames)-1].PTS {
		q.dropped++
		return changed
	}
	q.frames = append(q.frames, frame{Packet: p, params: q.params})
	q.until = max(q.until, p.PTS+q.params.FrameTicks(1))
	if p.PTS-q.frames[0].PTS > maxAudioQueue {
		q.dropBefore(p.PTS - maxAudioQueue)
	}
	return changed
}

func (q *audioQueue) dropBefore(pts media.Ticks) {
	for len(q.frames) > 0 && q.frames[0].PTS < pts {
		q.frames = q.frames[1:]
		q.dropped++
	}
}

// take removes the frames that begin before end, and the next one where they do
// not reach overlap past it; that one stays if its parameters are new.
func (q *audioQueue) take(end, overlap media.Ticks) []frame {
	n := 0
	for n < len(q.frames) && q.frames[n].PTS < end {
		n++
	}
	if n > 0 {
		q.taken = q.frames[n-1].params
	}
	if n < len(q.frames) && q.frames[n].PTS < end+overlap && (q.taken == nil || q.taken.Same(q.frames[n].params)) {
		n++
	}
	taken := q.frames[:n:n]
	q.frames = q.frames[n:]
	return taken
}
