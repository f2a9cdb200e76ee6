package packager

import (
	"fmt"
	"time"

	"ladderd/ladder"
	"ladderd/media"
)

// maxAudioWait is how far the video may run ahead of the audio before parts are
// put out without it. The stream fills gaps in the audio long before.
const maxAudioWait = media.Ticks(2 * media.Clock)

// writer makes one rendition: it joins the spans of the leading track with the
// audio, renders them, and publishes. It belongs to the stream's goroutine.
type writer struct {
	spec   ladder.Rendition
	out    *Rendition
	opts   Options
	clock  *clock
	format *format
	target media.Ticks // PART-TARGET, or that of parts which are not listed
	low    bool        // parts are listed

	cut    cutter
	audio  audioQueue
	spans  []span // cut, and waiting for the audio
	mux    muxer
	init   *initSection // the newest
	inits  int
	seg    *opened // that the window's open segment comes from
	window *window
	meter  meter
	delays *delays
	end    media.Ticks // of the newest part
	ending bool
	err    error // the first that hit a part

	written written
}

// newWriter makes a rendition's writer. One that leads decides where segments
// begin.
func newWriter(spec ladder.Rendition, opts Options, c *clock, partTarget media.Ticks, leads bool, sh *shelf) *writer {
	f := formats[opts.Container]
	w := &writer{
		spec: spec, opts: opts, clock: c, format: f, target: partTarget, low: opts.Latency == Low,
		window: newWindow(opts, sh, spec.Name), mux: f.muxer(spec.Video != ladder.None),
		out: &Rendition{name: spec.Name, video: spec.Video != ladder.None, format: f, shelf: sh},
	}
	w.cut = cutter{clock: c, leads: leads, target: partTarget, emit: func(s span) { w.spans = append(w.spans, s) }}
	w.out.state.Store(&state{target: c.target, limit: advanceLimit(w.listedTarget()), changed: make(chan struct{})})
	return w
}

// listedTarget is the PART-TARGET of playlists; 0 where they list no parts.
func (w *writer) listedTarget() media.Ticks {
	if w.low {
		return w.target
	}
	return 0
}

func (w *writer) hasVideo() bool { return w.spec.Video != ladder.None }

func (w *writer) write(p media.Packet) {
	w.written.add(p)
	switch {
	case p.Kind == media.Video && w.hasVideo():
		w.cut.addVideo(p)
	case p.Kind == media.Audio && w.spec.Audio != ladder.None:
		if w.audio.push(p) && w.init != nil {
			w.clock.discontinue(p.PTS)
		}
	}
}

// advance puts out what has become complete, and says whether a playlist has
// changed.
func (w *writer) advance() bool {
	if !w.hasVideo() {
		w.leadAudio(w.clock.frontier)
	}
	if !w.drain() {
		return false
	}
	w.publish()
	return true
}

// drain puts out the spans that are ready, and says whether playlists are to list
// something new.
func (w *writer) drain() bool {
	n := 0
	for n < len(w.spans) && w.ready(w.spans[n]) {
		n++
	}
	listed := false
	for _, s := range w.spans[:n] {
		w.put(s)
		listed = listed || w.low || s.last
	}
	w.spans = append(w.spans[:0], w.spans[n:]...)
	return listed
}

// leadAudio cuts audio_only up to where the video has told where segments begin.
func (w *writer) leadAudio(until media.Ticks) {
	for _, f := range w.audio.take(until, 0) {
		w.cut.addAudio(f)
	}
}

// finish puts out all there is; publish is to follow.
func (w *writer) finish() {
	w.ending = true
	w.cut.end()
	w.drain()
}

// finishSound does so for audio_only, up to where the video ends: audio that went
// on without it would make a segment of any length.
func (w *writer) finishSound(videoEnd media.Ticks) {
	w.leadAudio(videoEnd)
	w.finish()
}

// ready says whether all audio of the span is there.
func (w *writer) ready(s span) bool {
	return s.gap || s.start == s.end || !w.hasVideo() || w.spec.Audio == ladder.None || w.ending ||
		w.audio.until >= s.end+audioOverlap || w.cut.prev.pos-s.end > maxAudioWait
}

func (w *writer) put(s span) {
	if s.seg != w.seg {
		w.seg = s.seg
		w.window.begin(segment{mark: s.seg.mark, format: w.format, time: w.opts.wallClock(s.seg.at)})
	}
	if s.end > s.start {
		w.window.add(w.part(s))
		w.end = s.end
		if w.hasVideo() {
			w.delays.observe(s.start, s.end, time.Now())
		}
	}
	if s.last {
		w.clock.stretch(w.window.open.dur) // the stream's last one has no successor
		if done := w.window.complete(w.clock.target); w.borrows(done.init) {
			w.meter.interrupt()
		} else {
			w.meter.add(done, w.clock.target)
		}
	}
}

// part renders a span.
func (w *writer) part(s span) part {
	p := part{dur: s.end - s.start, gap: true}
	if s.gap {
		return p
	}
	video, audio := s.samples, []frame(nil)
	if w.hasVideo() {
		audio = w.audioOf(s)
		p.independent = len(video) > 0 && video[0].Key && video[0].pos == s.start
	} else {
		video, audio = nil, framesOf(s)
		p.independent = len(audio) > 0
	}
	if err := w.section(s.seg, audio); err != nil {
		w.fail(err)
		return p
	}
	data, err := w.mux.render(s.seg.init, s.start, video, w.decodable(audio))
	if err != nil {
		w.fail(err)
		return p
	}
	p.data, p.gap = data, data == nil
	p.independent = p.independent && !p.gap
	return p
}

// audioOf takes the span's audio from the queue. What is older than a span that
// does not follow on another belongs to the hole before it; else a frame may be
// early by the rounding of its timestamp.
func (w *writer) audioOf(s span) []frame {
	if w.audio.params == nil {
		return nil
	}
	oldest := s.start
	if !s.fresh {
		oldest -= w.audio.params.FrameTicks(1)
	}
	w.audio.dropBefore(oldest)
	return w.audio.take(s.end, audioOverlap)
}

func framesOf(s span) []frame {
	frames := make([]frame, len(s.samples))
	for i, s := range s.samples {
		frames[i] = frame{Packet: s.Packet, params: s.audio}
	}
	return frames
}

// section sets the segment's init section: a new one where parameters differ
// from those before.
func (w *writer) section(seg *opened, audio []frame) error {
	if seg.init == nil {
		params := w.audio.params
		if len(audio) > 0 {
			params = audio[0].params
		} else if w.init != nil {
			params = w.init.audio
		}
		if !w.init.fits(seg.video, params) {
			init, err := w.mux.section(w.inits, seg.video, params)
			if err != nil {
				return err
			}
			w.init = init
			w.inits++
		}
		seg.init = w.init
		w.window.open.init = w.init
	}
	return nil
}

// decodable leaves out frames that the open segment's init section does not fit:
// their parameters hold from the next segment on.
func (w *writer) decodable(audio []frame) []frame {
	for i, f := range audio {
		if !f.params.Same(w.seg.init.audio) {
			return audio[:i]
		}
	}
	return audio
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = fmt.Errorf("rendition %s: %w", w.spec.Name, err)
	}
}

// publish hands readers the new state. There is none before the first part, or
// where parts are not listed the first segment.
func (w *writer) publish() {
	if w.seg == nil || !w.low && len(w.window.segments) == 0 {
		return
	}
	w.show(false)
}

// conclude hands them the last one.
func (w *writer) conclude() {
	old := w.out.state.Load()
	switch {
	case old.ended:
	case !old.ready():
		w.swap(old, &state{ended: true, target: old.target, changed: make(chan struct{})})
	default:
		w.show(true)
	}
}

func (w *writer) show(ended bool) {
	var reports []report
	if !ended {
		reports = w.out.reports()
	}
	w.swap(w.out.state.Load(), w.window.snapshot(w.clock.target, w.listedTarget(), !w.ending && w.hintable(), ended, reports))
}

func (w *writer) swap(old, st *state) {
	w.out.state.Store(st)
	close(old.changed)
}

// hintable says whether the next part decodes with the init section that the
// playlist shows last: a player that fetches it early has no other.
func (w *writer) hintable() bool {
	next := w.cut.seg
	if len(w.spans) > 0 {
		next = w.spans[0].seg
	}
	return next == nil || next == w.seg || !next.discontinuity && w.init != nil && next.video.Same(w.init.video)
}
