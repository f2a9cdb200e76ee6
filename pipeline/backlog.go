package pipeline

import (
	"slices"

	"ladderd/media"
)

// Limits bounds what a supervisor holds of a source. Zero values mean the
// defaults.
type Limits struct {
	// Packets, Bytes and Span (of media time) bound what waits for the worker.
	// Past any of them the worker is too slow, and the stream cuts to its newest
	// keyframe. Default 4096, 64 MiB, 15 s.
	Packets, Bytes int
	Span           media.Ticks
	// Replay bounds, in bytes, what the worker has already and its replacement
	// would need again. Past it the renditions of a replaced worker resume at the
	// source's next keyframe instead. Default 64 MiB.
	Replay int
}

func (l Limits) withDefaults() Limits {
	if l.Packets <= 0 {
		l.Packets = 4096
	}
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Span <= 0 {
		l.Span = 15 * media.Clock // more than the longest gap that a source may leave
	}
	if l.Replay <= 0 {
		l.Replay = 64 << 20
	}
	return l
}

// backlog holds a source's packets: first those that the worker has and that
// its replacement would need, then those that wait for the worker.
type backlog struct {
	limits Limits
	// everyIDR says that the source's IDRs are the grid: a replaced worker can
	// put out nothing before the first of them past what is out, so it is sent
	// nothing before.
	everyIDR bool
	// audioOnly says that the job has no video; any packet is one to begin at.
	audioOnly bool

	packets     []media.Packet // in the order of decoding
	next        int            // the first that the worker has not
	sentBytes   int            // of packets[:next]
	queuedBytes int            // of packets[next:]

	first, current params // what holds before packets[0] and before packets[next]

	// waiting is true until the worker has been sent a packet to begin at; video
	// before it is passed over.
	waiting bool
	after   media.Ticks // where a replaced worker resumes
}

type params struct {
	video *media.VideoParams
	audio *media.AudioParams
}

func (h *params) update(p media.Packet) {
	if p.Video != nil {
		h.video = p.Video
	}
	if p.Audio != nil {
		h.audio = p.Audio
	}
}

func newBacklog(job Job, l Limits) *backlog {
	held := params{video: &job.Video, audio: job.Audio}
	return &backlog{
		limits: l, everyIDR: job.Grid.Period == 0, audioOnly: len(job.Videos) == 0,
		first: held, current: held, waiting: true, after: job.After,
	}
}

// push adds a packet and says whether there was room for it. If not, the caller
// cuts.
func (b *backlog) push(p media.Packet) bool {
	b.packets = append(b.packets, p)
	b.queuedBytes += cost(p)
	return b.fits()
}

// begins says whether decoding can begin at p.
func (b *backlog) begins(p media.Packet) bool {
	return p.Kind == media.Video && p.Key || b.audioOnly
}

// starts says whether a worker that resumes past after is to begin at p.
func (b *backlog) starts(p media.Packet) bool {
	return b.begins(p) && (!b.everyIDR || p.PTS > b.after)
}

// head is the packet that the worker is to have next.
func (b *backlog) head() (p media.Packet, ok bool) {
	for b.next < len(b.packets) {
		p = b.packets[b.next]
		if !b.waiting || p.Kind == media.Audio && !b.audioOnly {
			return p, true
		}
		if b.starts(p) {
			held := b.current
			held.update(p)
			if p.Kind == media.Video {
				p.Video = held.video
			}
			return p, true
		}
		b.step()
	}
	return p, false
}

// sent says that the worker has the head.
func (b *backlog) sent() {
	b.waiting = b.waiting && !b.begins(b.packets[b.next])
	b.step()
}

// step passes over the next packet, which is kept for a replay if there is room.
func (b *backlog) step() {
	p := b.packets[b.next]
	b.current.update(p)
	b.next++
	b.sentBytes += cost(p)
	b.queuedBytes -= cost(p)
	if b.sentBytes > b.limits.Replay {
		b.drop(b.next)
	}
}

// drop forgets the first n packets, all of which have been stepped over.
func (b *backlog) drop(n int) {
	for _, p := range b.packets[:n] {
		b.first.update(p)
		b.sentBytes -= cost(p)
	}
	b.packets = slices.Delete(b.packets, 0, n)
	b.next -= n
}

// cost is the memory that p holds: tiny packets do not come for nothing.
func cost(p media.Packet) int { return len(p.Data) + 128 }

// trim forgets what no replacement would need once all up to after is out, and all sound
// up to heard: what comes before the last keyframe that is not past it. Sound before that
// keyframe is kept where it is not out.
func (b *backlog) trim(after, heard media.Ticks) {
	for i := b.next - 1; i > 0; i-- {
		if p := b.packets[i]; b.begins(p) && p.PTS <= after {
			b.drop(b.unheard(i, max(heard, after-soundLate)-soundLead))
			return
		}
	}
}

// soundLate is how far sound may be behind the pictures and yet be replayed. soundLead is
// replayed before it: a decoder's first frame lacks what the one before adds to it.
const soundLate, soundLead = media.Clock, media.Clock / 10

// unheard is the first of the packets up to the ith that is sound past heard; i where
// there is none.
func (b *backlog) unheard(i int, heard media.Ticks) int {
	for j, p := range b.packets[:i] {
		if p.Kind == media.Audio && p.PTS > heard {
			return j
		}
	}
	return i
}

// rewind starts a replacement at the first packet that is held, and returns the
// parameters of the first video and the first audio that it will be sent.
func (b *backlog) rewind(after, heard media.Ticks) params {
	b.trim(after, heard)
	b.next, b.current, b.waiting, b.after = 0, b.first, true, after
	b.queuedBytes += b.sentBytes
	b.sentBytes = 0
	held := b.first
	for _, p := range b.packets {
		if p.Video != nil {
			held.video = p.Video
		}
		if b.starts(p) {
			break
		}
	}
	return held
}

// cut makes room: all goes but the newest packet to begin at and what follows
// it, and that too where it would not fit either. It returns how many packets
// the worker will never have.
func (b *backlog) cut() int {
	keep := len(b.packets) - 1
	for keep > b.next && !b.begins(b.packets[keep]) {
		keep--
	}
	lost := b.forget(max(keep-b.next, 0))
	if !b.fits() {
		lost += b.forget(len(b.packets))
	}
	b.waiting = true
	return lost
}

// forget drops what has been sent and n packets more.
func (b *backlog) forget(n int) int {
	for range n {
		b.step()
	}
	b.drop(b.next)
	return n
}

// fits says whether what waits is within its limits.
func (b *backlog) fits() bool {
	queued := b.packets[b.next:]
	if len(queued) == 0 {
		return true
	}
	span := queued[len(queued)-1].DTS - queued[0].DTS
	return len(queued) <= b.limits.Packets && b.queuedBytes <= b.limits.Bytes && span <= b.limits.Span
}
