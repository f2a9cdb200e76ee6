package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
	"ladderd/pipeline"
)

// beat is how often a stream looks at what only time brings: publishers that send
// nothing, the end of waiting for one, the longest stream.
const beat = time.Second

var (
	errInternal = errors.New("internal error")
	errSilent   = errors.New("no data for 30 s")
	errLongest  = errors.New("the stream has lasted as long as a stream may")
	// errOver ends a stream that has no publisher any more.
	errOver = errors.New("the publisher has gone")
)

// live is one stream. Its goroutine (run) owns everything but what is marked as
// shared.
type live struct {
	id      string
	channel Channel // as it was when the stream began, like terms
	terms   Terms
	hub     *Hub
	log     *slog.Logger
	since   time.Time
	desk    desk          // guarded by the hub's lock: who comes, goes and takes over
	knock   chan struct{} // there is a new candidate at the desk
	said    chan Metadata // by operators
	halt    chan struct{} // closed by Stop
	retired chan struct{} // closed when the stream is off the air

	packager atomic.Pointer[packager.Stream] // shared: for viewers
	status   atomic.Pointer[Status]          // shared: for operators
	inBand   inBand                          // shared: for operators
	pulse    pulse                           // shared: for Progress
	ending   atomic.Bool                     // likewise: it takes no more, and its supervisor may have gone

	request    ingest.Request // the current publisher's, or the last one's
	current    *publisher     // nil while the stream waits for one
	candidate  *publisher     // its opening is worked off; nil without one
	until      time.Time      // how long the stream waits
	source     *source        // nil until its media are known
	placing    *placing       // nil but between that and the stream's start
	asking     sync.WaitGroup // for what placing asks
	leased     bool           // something has to be given back
	plan       *plan
	timeline   *timeline
	soundtrack *soundtrack // nil without audio
	captions   captions    // the current publisher's
	encoder    string      // likewise, as it calls itself
	described  *Source     // likewise; nil until its media are known. Replaced, never altered
	began      time.Time   // the wall clock at Start
	checkup    *checkup
	intake     *intake
	transcoder Transcoder // nil where nothing is transcoded
	pack       *packager.Stream
	diskFailed bool // the log has told so
	shown      bool // viewers can play it
}

// run is the stream's goroutine. It ends with the publisher, with an error that
// costs this stream alone, or with ctx.
func (l *live) run(ctx context.Context) {
	p := l.current
	l.log.Info("publisher accepted", "protocol", p.request.Protocol, "remote", p.request.Remote)
	l.emit(event.SessionCreated)
	err := l.guarded(func() error { return l.work(ctx) })
	l.ending.Store(true)
	l.pulse.next(endingMost)
	if errors.Is(err, errOver) {
		err = nil
	}
	l.breached(err)
	l.emit(event.SessionEnded) // before a candidate's own session is created
	l.cutOff(err)
	l.finish()
	l.intake.meter.settle()
	l.report()
	l.hub.left(*l.status.Load())
	l.log.Info("stream ended", "findings", len(l.checkup.findings()))
	if l.shown {
		l.emit(event.StreamEnd)
	}
	l.hub.ended(l)
	l.pulse.stop()
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
	tick := time.NewTicker(beat)
	defer tick.Stop()
	if err := l.begin(); err != nil {
		return err
	}
	for {
		var err error
		select {
		case i, open := <-l.inputs():
			err = l.heed(i, open)
		case found := <-l.placing.answers():
			err = l.placed(found)
		case i, open := <-l.auditions():
			err = l.audition(i, open)
		case <-l.knock:
			l.welcome()
		case o, open := <-l.outputs():
			if !open {
				return l.transcoderFailed()
			}
			err = l.deliver(o)
		case now := <-tick.C:
			l.pulse.next(stall)
			err = l.passed(now)
		case m := <-l.said:
			l.say(m)
		case <-l.halt:
			return ingest.ErrStopped
		case <-ctx.Done():
			return l.drained()
		}
		if err != nil {
			return err
		}
	}
}

// inputs is what the current publisher hands over, where it is to be read.
func (l *live) inputs() <-chan input {
	if !l.placing.hears() {
		return nil
	}
	return l.current.queue()
}

// auditions is what a candidate hands over. It waits while the stream is placed.
func (l *live) auditions() <-chan input {
	if l.placing != nil {
		return nil
	}
	return l.candidate.queue()
}

// begin goes on with what the publisher has sent to a stream before this one.
func (l *live) begin() error {
	if p := l.current; p.source != nil {
		l.renewed(p)
		return l.start(p)
	}
	return nil
}

// drained takes what the publisher had handed over when the hub was closed.
func (l *live) drained() error {
	if err := l.catchUp(); err != nil && !errors.Is(err, errOver) {
		return err
	}
	return ingest.ErrDraining
}

func (l *live) outputs() <-chan pipeline.Output {
	if l.transcoder == nil {
		return nil
	}
	return l.transcoder.Outputs()
}

// finish lets what has been taken reach the viewers, whatever ended the stream.
func (l *live) finish() {
	_ = l.guarded(l.sayRest) // the stream is at its end already
	_ = l.guarded(l.flush)
	if l.transcoder != nil {
		l.transcoder.Close()
	}
	l.unplace()
	if l.pack != nil {
		_ = l.guarded(func() error { l.pack.Finish(); return nil })
	}
}

// conclude ends the playlists. The stream's goroutine has come to its end.
func (l *live) conclude() {
	_ = l.guarded(func() error { l.pack.End(); return nil })
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

// take works off what the current publisher hands over.
func (l *live) take(i input) error {
	if err := l.intake.take(i, time.Now()); err != nil {
		return err
	}
	p := l.current
	switch {
	case l.placing != nil:
		l.placing.hold(i)
		return nil
	case i.meta != nil:
		p.announced(*i.meta)
		l.introduced(p)
		l.report()
		return nil
	case i.message != nil:
		return l.message(*i.message)
	case l.source != nil:
		return l.media(i.packet)
	}
	src, err := p.opening.add(i.packet)
	if src == nil || err != nil {
		return err
	}
	p.source = src
	return l.start(p)
}

// announced notes what the encoder says of itself; some say it again and again.
func (p *publisher) announced(m ingest.Metadata) {
	if m == p.opening.meta {
		return
	}
	p.opening.meta = m
	if m.Encoder == "" && m.Width == 0 && m.FrameRate == 0 {
		return // SRT tells none of it
	}
	p.log.Info("publisher announced itself", "encoder", m.Encoder, "width", m.Width, "height", m.Height, "fps", m.FrameRate)
}

// start plans what comes of p's media, and has the stream placed where it is to be
// encoded.
func (l *live) start(p *publisher) error {
	src := p.source
	l.source = src
	renditions, err := l.channel.ladder(src.input)
	if err != nil {
		return err
	}
	l.examine(p)
	l.plan = newPlan(l.id, renditions, src, p.parameters.KeyframeInterval)
	l.plan.Job.Interlaced = l.terms.Interlaced
	l.plan.Job.Backend = pipeline.Backend{Encoder: pipeline.X264} // audio needs no device
	if len(l.plan.Job.Videos) > 0 {
		l.place(p)
		return nil
	}
	return l.open(p)
}

// open sets up all that comes after p's opening, and works off what it held.
func (l *live) open(p *publisher) (err error) {
	src := l.source
	l.timeline, l.began = newTimeline(src.idr.PTS), src.idr.Arrived
	if src.audio != nil {
		if l.soundtrack, err = newSoundtrack(src.audio, Start); err != nil {
			return err
		}
	}
	if err := l.startOutputs(p); err != nil {
		return err
	}
	about := []any{"input", sizeOf(src.video), "fps", src.input.Rate, "audio", src.audio != nil, "renditions", names(l.plan.renditions)}
	if shed := l.plan.Job.Shed; len(shed) > 0 {
		about = append(about, "not encoded for want of room", l.status.Load().shed(shed))
	}
	l.log.Info("stream started", about...)
	return l.workOff(p)
}

// examine notes what is wrong with what a publisher says of itself.
func (l *live) examine(p *publisher) {
	meta, most := p.opening.meta, ladder.MaxBitrate(l.channel.Type, p.source.input)
	l.intake.sized(most)
	l.note(l.checkup.bitrate(meta.VideoBitrate+meta.AudioBitrate, most)...)
	if p.wrong != nil {
		l.note(l.checkup.see(IntervalIgnored, "%v: the stream key's parameter is ignored", p.wrong)...)
	}
}

// introduced takes note of what the current publisher says of itself, and of its media.
func (l *live) introduced(p *publisher) {
	l.encoder = p.opening.meta.Encoder
	if p.source != nil {
		l.described = p.source.describe(p.opening.meta)
	}
}

// workOff takes what the opening of the current publisher held.
func (l *live) workOff(p *publisher) error {
	l.introduced(p)
	l.recall(&p.opening)
	for _, held := range p.opening.release() {
		if err := l.media(held); err != nil {
			return err
		}
	}
	return nil
}

func (l *live) startOutputs(p *publisher) (err error) {
	l.pack, err = packager.New(l.id, l.plan.renditions, packager.Options{
		Container: l.channel.Container, Latency: l.channel.Latency,
		Part: l.hub.options.Part, Window: l.hub.options.Window, Target: l.plan.target,
		Memory: l.hub.options.Memory, Disk: l.hub.options.Disk,
		SourceBitrate: p.opening.meta.VideoBitrate + p.opening.meta.AudioBitrate,
		Start:         l.began, StartPTS: Start,
	})
	if err != nil {
		return ownFault{fmt.Errorf("set up the packager: %w", err)}
	}
	if l.plan.Transcodes() {
		if err := l.startTranscoder(); err != nil {
			return err
		}
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
		l.note(l.checkup.see(ClockJump, "the source's timestamps jumped: the encoder's clock is not steady")...)
	}
	if p.Kind == media.Audio {
		if l.soundtrack == nil {
			l.note(l.checkup.see(AudioIgnored, "audio began after the video without having been announced: restart the broadcast to include it")...)
			return nil
		}
		return l.sound(l.soundtrack.place(p))
	}
	l.note(l.checkup.video(p, l.source.input.Rate.Period())...)
	if err := l.picture(p); err != nil {
		return err
	}
	if l.soundtrack == nil {
		return nil
	}
	return l.sound(l.soundtrack.follow(p.DTS))
}

func (l *live) picture(p media.Packet) error {
	l.caption(&p)
	l.pack.Arrived(p.PTS, p.Arrived)
	if err := l.pass(l.plan.PassVideo, p); err != nil || len(l.plan.MadeVideo) == 0 {
		return err
	}
	if err := l.transcoder.Write(p); err != nil {
		return transcoding(err)
	}
	return nil
}

func (l *live) sound(frames []media.Packet) error {
	l.note(l.checkup.audio(l.soundtrack)...)
	for _, p := range frames {
		if err := l.pass(l.plan.PassAudio, p); err != nil {
			return err
		}
		if len(l.plan.MadeAudio) == 0 {
			continue
		}
		if err := l.transcoder.Write(p); err != nil {
			return transcoding(err)
		}
	}
	return nil
}

func (l *live) deliver(o pipeline.Output) error { return l.pass(l.plan.From(o), o.Packet) }

// pass hands a packet to the packager for each of these renditions.
func (l *live) pass(renditions []int, p media.Packet) error {
	for _, r := range renditions {
		l.pack.Write(r, p)
	}
	if err := l.pack.Err(); err != nil {
		return ownFault{fmt.Errorf("package: %w", err)}
	}
	l.watchDisk()
	l.watchStart()
	return nil
}

// watchStart tells once that viewers can play the stream.
func (l *live) watchStart() {
	if l.shown {
		return
	}
	if _, err := l.pack.Multivariant("", false); err == nil {
		l.shown = true
		l.report()
		l.emitSource(event.StreamStart)
	}
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
		if err := ladder.Check(l.channel.Type, ladder.Input{Width: v.Width, Height: v.Height}); err != nil {
			return err
		}
		return fmt.Errorf("the video's size changed from %s to %s in mid-stream, which needs another ladder: start a new broadcast",
			sizeOf(l.source.video), sizeOf(v))
	}
	if p.Audio != nil {
		if err := ladder.CheckAudio(p.Audio.SampleRate, p.Audio.Channels); err != nil {
			return err
		}
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
