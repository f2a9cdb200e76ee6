package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
	"ladderd/pipeline"
)

// inputs is how many packets wait for a stream's goroutine: about two seconds of
// a 60 fps source. When it is full the publisher's connection waits.
const inputs = 256

var errInternal = errors.New("internal error")

// live is one stream. Its goroutine (run) owns everything but what is marked as
// shared.
type live struct {
	id      string
	channel Channel
	hub     *Hub
	log     *slog.Logger
	since   time.Time
	request ingest.Request

	in    chan input    // from the publisher; closed when it has gone
	cause error         // why it has gone; set before in is closed
	done  chan struct{} // closed when the stream has ended
	err   error         // why, nil for a normal end; set before done is closed

	packager atomic.Pointer[packager.Stream] // shared: for viewers
	status   atomic.Pointer[Status]          // shared: for operators

	opening    opening
	source     *source
	plan       *plan
	timeline   *timeline
	soundtrack *soundtrack // nil without audio
	checkup    *checkup
	transcoder Transcoder // nil where nothing is transcoded
	pack       *packager.Stream
	diskFailed bool // the log has told so
}

// input is what a publisher's connection hands over: a packet, metadata, or a
// message.
type input struct {
	packet  media.Packet
	meta    *ingest.Metadata
	message *ingest.Message
}

// Announce is ingest.Session's.
func (l *live) Announce(m ingest.Metadata) { _ = l.put(input{meta: &m}) }

// Write is ingest.Session's.
func (l *live) Write(p media.Packet) error { return l.put(input{packet: p}) }

// Message is ingest.Session's.
func (l *live) Message(m ingest.Message) error { return l.put(input{message: &m}) }

// Close is ingest.Session's. It returns at once; the stream ends when the media
// already taken have reached the viewers.
func (l *live) Close(cause error) {
	l.cause = cause
	l.hub.ending(l)
	close(l.in)
}

func (l *live) put(i input) error {
	select {
	case l.in <- i:
		return nil
	case <-l.done:
		if l.err != nil {
			return l.err
		}
		return ingest.ErrDraining
	}
}

// run is the stream's goroutine. It ends with the publisher, with an error that
// costs this stream alone, or with ctx.
func (l *live) run(ctx context.Context) {
	l.log.Info("publisher accepted", "protocol", l.request.Protocol, "remote", l.request.Remote)
	err := l.guarded(func() error { return l.work(ctx) })
	if err != nil {
		l.request.Close(err)
		l.log.Warn("stream cut off", "reason", err)
	}
	l.hub.ending(l)
	l.finish()
	l.err = err
	close(l.done)
	l.report()
	l.log.Info("stream ended", "findings", len(l.checkup.findings()))
	l.hub.ended(l)
}

// guarded keeps what a publisher's bytes may have found wrong in here from costing
// the other streams too.
func (l *live) guarded(work func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			l.log.Error("panic in a stream", "panic", r, "stack", string(debug.Stack()))
			err = errInternal
		}
	}()
	return work()
}

func (l *live) work(ctx context.Context) error {
	overdue := time.NewTimer(openingPatience)
	defer overdue.Stop()
	for {
		select {
		case i, open := <-l.in:
			if !open {
				return l.gone()
			}
			if err := l.take(i); err != nil {
				return err
			}
		case o, open := <-l.outputs():
			if !open {
				return l.transcoderFailed()
			}
			if err := l.deliver(o); err != nil {
				return err
			}
		case <-overdue.C:
			if l.source == nil {
				return errOverdue
			}
		case <-ctx.Done():
			return l.stopped()
		}
	}
}

// stopped takes what the publisher had handed over when the hub was closed.
func (l *live) stopped() error {
	for range len(l.in) {
		if err := l.take(<-l.in); err != nil {
			return err
		}
	}
	return ingest.ErrDraining
}

// gone tells a publisher that went away from one that said goodbye only in the
// log: viewers get the end of the playlist in both cases.
func (l *live) gone() error {
	if l.cause != nil {
		l.log.Warn("publisher's connection ended without a goodbye", "reason", l.cause)
	}
	return nil
}

func (l *live) outputs() <-chan pipeline.Output {
	if l.transcoder == nil {
		return nil
	}
	return l.transcoder.Outputs()
}

func (l *live) transcoderFailed() error {
	err := l.transcoder.Err()
	if err == nil {
		err = errors.New("the worker ended by itself")
	}
	return fmt.Errorf("transcode: %w", err)
}

// finish lets what has been taken reach the viewers, whatever ended the stream,
// then ends the playlists.
func (l *live) finish() {
	_ = l.guarded(l.flush) // the stream is at its end already
	if l.transcoder != nil {
		l.transcoder.Close()
	}
	if l.pack != nil {
		_ = l.guarded(func() error { l.pack.End(); return nil })
	}
}

// flush fills up the audio, which stops first where a publisher is cut off, and has
// the encoders put out what they hold. A transcoder that failed has closed its
// outputs.
func (l *live) flush() error {
	if l.packager.Load() == nil {
		return nil // it has not started
	}
	var err error
	if l.soundtrack != nil {
		err = l.sound(l.soundtrack.fill(l.timeline.shown(media.Video)))
	}
	if l.transcoder != nil {
		l.transcoder.Drain()
		for o := range l.transcoder.Outputs() {
			err = errors.Join(err, l.deliver(o))
		}
	}
	return err
}

func (l *live) take(i input) error {
	if i.meta != nil {
		l.announced(*i.meta)
		return nil
	}
	if i.message != nil {
		return l.message(*i.message)
	}
	if l.source != nil {
		return l.media(i.packet)
	}
	src, err := l.opening.add(i.packet)
	if src == nil || err != nil {
		return err
	}
	return l.start(src)
}

// announced notes what the encoder says of itself; some say it again and again.
func (l *live) announced(m ingest.Metadata) {
	if m == l.opening.meta {
		return
	}
	l.opening.meta = m
	l.log.Info("publisher announced itself", "encoder", m.Encoder, "width", m.Width, "height", m.Height, "fps", m.FrameRate)
}

// start sets up all that comes after the opening, and works off what it held.
func (l *live) start(src *source) error {
	held := l.opening.release()
	l.source = src
	renditions, err := l.channel.ladder(src.input)
	if err != nil {
		return err
	}
	l.note(l.checkup.bitrate(l.opening.meta.VideoBitrate+l.opening.meta.AudioBitrate, ladder.MaxBitrate(l.channel.Type, src.input))...)
	l.plan = newPlan(l.id, renditions, src, l.hub.options.Backend)
	l.timeline = newTimeline(src.idr.PTS)
	if src.audio != nil {
		if l.soundtrack, err = newSoundtrack(src.audio, Start); err != nil {
			return err
		}
	}
	if err := l.startOutputs(); err != nil {
		return err
	}
	l.log.Info("stream started", "input", sizeOf(src.video), "fps", src.input.Rate, "audio", src.audio != nil,
		"renditions", names(renditions))
	for _, p := range held {
		if err := l.media(p); err != nil {
			return err
		}
	}
	return nil
}

func (l *live) startOutputs() (err error) {
	l.pack, err = packager.New(l.id, l.plan.renditions, packager.Options{
		Container: l.channel.Container, Latency: l.channel.Latency,
		Part: l.hub.options.Part, Window: l.hub.options.Window, Target: l.plan.target,
		Memory: l.hub.options.Memory, Disk: l.hub.options.Disk,
		SourceBitrate: l.opening.meta.VideoBitrate + l.opening.meta.AudioBitrate,
		Start:         l.source.idr.Arrived, StartPTS: Start,
	})
	if err != nil {
		return fmt.Errorf("set up the packager: %w", err)
	}
	if l.plan.transcodes() {
		// Kept only where there is one: beside an error it may be an interface that
		// holds a nil pointer.
		transcoder, err := l.hub.options.Transcode(l.plan.job, l.log)
		if err != nil {
			return fmt.Errorf("start the transcoder: %w", err)
		}
		l.transcoder = transcoder
	}
	l.packager.Store(l.pack)
	l.report()
	return nil
}

// media takes one of the source's packets to where the plan sends it.
func (l *live) media(p media.Packet) error {
	if err := l.unchanged(p); err != nil {
		return err
	}
	if l.timeline.place(&p) {
		l.note(l.checkup.add(ClockJump, "the source's timestamps jumped: the encoder's clock is not steady")...)
	}
	if p.Kind == media.Audio {
		if l.soundtrack == nil {
			l.note(l.checkup.add(AudioIgnored, "audio began after the video without having been announced: restart the broadcast to include it")...)
			return nil
		}
		return l.sound(l.soundtrack.place(p))
	}
	l.note(l.checkup.video(p)...)
	if err := l.picture(p); err != nil {
		return err
	}
	if l.soundtrack == nil {
		return nil
	}
	return l.sound(l.soundtrack.follow(p.DTS))
}

func (l *live) picture(p media.Packet) error {
	if err := l.pass(l.plan.passVideo, p); err != nil || len(l.plan.madeVideo) == 0 {
		return err
	}
	return l.transcoder.Write(p)
}

func (l *live) sound(frames []media.Packet) error {
	l.note(l.checkup.audio(l.soundtrack)...)
	for _, p := range frames {
		if err := l.pass(l.plan.passAudio, p); err != nil {
			return err
		}
		if len(l.plan.madeAudio) == 0 {
			continue
		}
		if err := l.transcoder.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func (l *live) deliver(o pipeline.Output) error { return l.pass(l.plan.from(o), o.Packet) }

// pass hands a packet to the packager for each of these renditions.
func (l *live) pass(renditions []int, p media.Packet) error {
	for _, r := range renditions {
		l.pack.Write(r, p)
	}
	if err := l.pack.Err(); err != nil {
		return fmt.Errorf("package: %w", err)
	}
	l.watchDisk()
	return nil
}

// watchDisk logs when the disk begins to refuse media and when it takes them again.
func (l *live) watchDisk() {
	switch err := l.pack.DiskErr(); {
	case err != nil && !l.diskFailed:
		l.diskFailed = true
		l.log.Error("the disk does not take the stream's media: the window gets shorter, the stream goes on", "reason", err)
	case err == nil && l.diskFailed:
		l.diskFailed = false
		l.log.Info("the disk takes the stream's media again: the window grows")
	}
}

// unchanged refuses what a running ladder cannot carry on with. Other parameter
// sets for pictures of the same size go through.
func (l *live) unchanged(p media.Packet) error {
	if v := p.Video; v != nil && (v.Width != l.source.video.Width || v.Height != l.source.video.Height) {
		return fmt.Errorf("the video's size changed from %s to %s in mid-stream, which needs another ladder: start a new broadcast",
			sizeOf(l.source.video), sizeOf(v))
	}
	if a, was := p.Audio, l.source.audio; a != nil && was != nil && (a.SampleRate != was.SampleRate || a.Channels != was.Channels) {
		return fmt.Errorf("the audio changed from %d Hz, %d channels to %d Hz, %d channels in mid-stream: start a new broadcast",
			was.SampleRate, was.Channels, a.SampleRate, a.Channels)
	}
	return nil
}

func names(renditions []ladder.Rendition) []string {
	list := make([]string, len(renditions))
	for i, r := range renditions {
		list[i] = r.Name
	}
	return list
}
