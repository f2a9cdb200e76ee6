package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/pace"
)

// Queues between the goroutines. When one is full its producer waits: inside a
// worker that is right, and the supervisor, whose own queue then fills, judges
// whether the worker is too slow.
const (
	videoQueue   = 8  // source packets
	audioQueue   = 32 // source packets
	decodedQueue = 2  // pictures; full-size ones, so few
	encoderQueue = 4  // pictures
)

// encoderHolds is how many pictures an encoder and its goroutine hold.
const encoderHolds = 2

// graph is the libav graph of one job, from source packets to encoded ones.
type graph struct {
	job     pipeline.Job
	backend *backend
	log     *slog.Logger
	out     func(pipeline.Output) error
	ready   func([]string) error

	decoder  *decoder
	fields   *deinterlacer
	pacer    *pace.Pacer
	cascade  *cascade
	encoders []*encoder
	weave    *weave
	sound    *sound // nil where no audio is transcoded
	source   surface

	video, audio chan media.Packet
	pictures     chan decoded

	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup

	counts  counts
	shed    atomic.Pointer[[]int] // what is to be shed from the next grid point on; nil for no change
	unready atomic.Int32          // video encoders that the job wants and that are not open yet
}

// counts are read by the heartbeat while the graph works.
type counts struct {
	packetsIn, framesDecoded atomic.Int64
	framesOut                []atomic.Int64 // per Job.Videos
}

var errClosed = errors.New("graph is closed")

// newGraph opens the job's decoders and starts its goroutines. out is called from
// several of them, one packet of an output after the other, and may block; ready is
// called once, when all encoders are open.
func newGraph(job pipeline.Job, out func(pipeline.Output) error, ready func([]string) error, log *slog.Logger) (*graph, error) {
	b, err := openBackend(job.Backend)
	if err != nil {
		return nil, err
	}
	g := &graph{
		job: job, backend: b, log: log, out: out, ready: ready,
		pacer:   pace.NewPacer(job.Grid, job.After),
		cascade: newCascade(job, b),
		video:   make(chan media.Packet, videoQueue), audio: make(chan media.Packet, audioQueue),
		pictures: make(chan decoded, decodedQueue),
		counts:   counts{framesOut: make([]atomic.Int64, len(job.Videos))},
	}
	g.cascade.hand = g.hand
	g.cascade.shed(job.Shed)
	g.weave = newWeave(job, g.emit)
	g.ctx, g.cancel = context.WithCancelCause(context.Background())
	if err := g.open(); err != nil {
		g.free()
		return nil, err
	}
	g.start()
	return g, nil
}

func (g *graph) open() (err error) {
	if len(g.job.Videos) > 0 {
		if g.decoder, err = newDecoder(g.backend.decodes(), g.job.Video, g.inFlight(), g.log); err != nil {
			return err
		}
		g.fields = &deinterlacer{refuses: g.job.Interlaced == pipeline.Refuse, device: g.backend.device, inFlight: g.inFlight()}
	}
	for i, out := range g.job.Videos {
		e := &encoder{
			index: i, out: out, coding: g.backend.encoding(out), emit: g.weave.made, opened: g.opened, packet: astiav.AllocPacket(),
			budget: pace.NewBudget(out.Rate, vbvBuffer), told: isShed(g.job.Shed, i),
		}
		g.encoders = append(g.encoders, e)
		if !e.told {
			g.unready.Add(1)
		}
	}
	if len(g.job.Audios) > 0 {
		g.sound, err = newSound(g.job, g.emit, g.log)
	}
	return err
}

// inFlight is how many decoded pictures live at once at most, beside the decoder's own:
// those that wait for split, those that it and the decoder's goroutine hold, fields
// that are being joined, and each
// encoder's where it is fed with the source's size.
func (g *graph) inFlight() int {
	return decodedQueue + 2 + deinterlacerHolds + len(g.job.Videos)*(encoderQueue+encoderHolds)
}

func (g *graph) start() {
	if len(g.encoders) == 0 { // at least one is not shed
		g.tellReady()
	}
	g.run(g.decodeVideo)
	g.run(g.split)
	for _, r := range g.cascade.rungs {
		g.run(func() error { return g.encodeVideo(g.encoders[r.index], r.queue) })
	}
	g.run(g.transcodeAudio)
}

// run owns a goroutine; the first error stops them all.
func (g *graph) run(f func() error) {
	g.wg.Go(func() {
		if err := f(); err != nil {
			g.cancel(err)
		}
	})
}

// write hands a source packet to the graph. It waits while the graph is busy; the
// error is what stopped the graph. It and drain belong to one goroutine.
func (g *graph) write(p media.Packet) error {
	g.counts.packetsIn.Add(1)
	switch {
	case p.Kind == media.Video && g.decoder != nil:
		return send(g, g.video, p)
	case p.Kind == media.Audio && g.sound != nil:
		return send(g, g.audio, p)
	}
	return nil
}

// drain ends the input and waits until all has been put out. The error is what
// stopped the graph before that.
func (g *graph) drain() error {
	close(g.video)
	close(g.audio)
	g.wg.Wait()
	return g.failed()
}

// failed is the error that stopped the graph.
func (g *graph) failed() error { return context.Cause(g.ctx) }

// close stops the graph where it stands, waits for its goroutines and frees it.
func (g *graph) close() {
	g.cancel(errClosed)
	g.wg.Wait()
	g.free()
}

func send[T any](g *graph, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-g.ctx.Done():
		return context.Cause(g.ctx)
	}
}

// receive is false at the input's end and when the graph is stopped.
func receive[T any](g *graph, from <-chan T) (v T, ok bool) {
	select {
	case v, ok = <-from:
		return v, ok
	case <-g.ctx.Done():
		return v, false
	}
}

func (g *graph) emit(o pipeline.Output) error {
	if o.Packet.Kind == media.Video {
		g.counts.framesOut[o.Index].Add(1)
	}
	return g.out(o)
}

// opened is called once by each video encoder that the job wants.
func (g *graph) opened() {
	if g.unready.Add(-1) == 0 {
		g.tellReady()
	}
}

func (g *graph) tellReady() {
	var names []string
	shed := g.weave.present() // the daemon may have ordered otherwise than the job by now
	for i, v := range g.job.Videos {
		if isShed(shed, i) {
			follows, _ := pipeline.Follows(g.job.Videos, shed, i)
			v = g.job.Videos[follows]
		}
		names = append(names, fmt.Sprintf("%s %dx%d", g.backend.encoding(v).name(), v.Width, v.Height))
	}
	for _, a := range g.job.Audios {
		names = append(names, fmt.Sprintf("aac %d", a.Bitrate))
	}
	if err := g.ready(names); err != nil {
		g.cancel(err)
	}
}

func (g *graph) progress() pipeline.Progress {
	p := pipeline.Progress{
		PacketsIn:     g.counts.packetsIn.Load(),
		FramesDecoded: g.counts.framesDecoded.Load(),
		FramesOut:     make([]int64, len(g.job.Videos)),
		Queued:        make([]int, len(g.job.Videos)),
		Shed:          g.weave.present(),
		Device:        g.where(),
	}
	for i := range p.FramesOut {
		p.FramesOut[i] = g.counts.framesOut[i].Load()
	}
	for _, r := range g.cascade.rungs {
		p.Queued[r.index] = len(r.queue)
	}
	return p
}

// free runs when no goroutine is left.
func (g *graph) free() {
	for len(g.pictures) > 0 {
		(<-g.pictures).frame.Free()
	}
	for _, r := range g.cascade.rungs {
		for len(r.queue) > 0 {
			if o := <-r.queue; o.stopped == nil {
				o.picture.frame.Free()
			}
		}
	}
	g.cascade.close()
	for _, e := range g.encoders {
		e.free()
	}
	if g.decoder != nil {
		g.fields.free()
		g.decoder.free()
	}
	if g.sound != nil {
		g.sound.free()
	}
	g.backend.close()
}
