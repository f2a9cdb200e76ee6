package worker

import (
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"ladderd/media"
	"ladderd/pipeline"
)

// trial does one thing over and over with generated pictures, by the same pieces as a
// graph.
type trial struct {
	pipeline.Trial
	backend  *backend
	cascade  *cascade // moves pictures to where they are needed
	pictures []picture
	log      *slog.Logger
	out      int64 // what came out so far
}

// tasks is how each is done. It returns when it is done, or with why it does not work.
var tasks = map[pipeline.Task]func(*trial, *pipeline.Finding) error{
	pipeline.Decode:   (*trial).decode,
	pipeline.Scale:    (*trial).scale,
	pipeline.Encode:   (*trial).encode,
	pipeline.Sessions: (*trial).sessions,
}

// tryOut does a trial.
func tryOut(what pipeline.Trial, log *slog.Logger) (f pipeline.Finding) {
	b, err := openBackend(what.Backend)
	if err != nil {
		return pipeline.Finding{Failure: err.Error()}
	}
	defer b.close()
	t := &trial{Trial: what, backend: b, cascade: newCascade(pipeline.Job{}, b), log: log}
	defer t.free()
	if t.pictures, err = generate(what.Width, what.Height); err == nil {
		err = tasks[what.Task](t, &f)
	}
	if err != nil {
		f.Failure = err.Error()
	}
	return f
}

func (t *trial) free() {
	for _, p := range t.pictures {
		p.frame.Free()
	}
	t.cascade.close()
}

// Pictures follow each other at 60 a second, and each grid point is 2 s from the one
// before, as in a ladder. leastPictures are done however slow the device is.
const (
	trialRate     = 60
	trialPeriod   = media.Clock / trialRate
	leastPictures = 5
)

// bring has the pictures lie there from now on, so that moving them is not measured.
func (t *trial) bring(at place) error {
	for i, p := range t.pictures {
		moved, err := t.cascade.move(p, at)
		if err != nil {
			return err
		}
		p.frame.Free()
		t.pictures[i] = moved
	}
	return nil
}

// next is the picture with this number, at that place.
func (t *trial) next(i int, at place) (picture, error) {
	p, err := t.cascade.move(t.pictures[i%len(t.pictures)], at)
	p.pts, p.grid = media.Ticks(i)*trialPeriod, i%(2*trialRate) == 0
	return p, err
}

// measure has do done for the trial's time, and counts what comes out. The first time
// opens things, which is not measured. finish waits for what is still under way.
func (t *trial) measure(f *pipeline.Finding, do func(i int) error, finish func() error) error {
	if err := do(0); err != nil {
		return err
	}
	begin, before, busy := time.Now(), t.out, cpuTime()
	for i := 1; i <= leastPictures || time.Since(begin) < t.For; i++ {
		if err := do(i); err != nil {
			return err
		}
	}
	if err := finish(); err != nil {
		return err
	}
	f.Elapsed, f.Pictures, f.CPU = time.Since(begin), t.out-before, cpuTime()-busy
	return nil
}

// cpuTime is what all threads of this process have taken.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // Linux knows no reason
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// settled waits until the device has made p: it works while the CPU goes on, and a
// download comes after all that it was told before.
func (t *trial) settled(p picture) error {
	moved, err := t.cascade.move(p, inMainMemory)
	if err != nil {
		return err
	}
	moved.frame.Free()
	return nil
}

// scale makes pictures of two thirds of the size, as most steps of a ladder.
func (t *trial) scale(f *pipeline.Finding) error {
	scaling := t.backend.scale
	first, err := t.next(0, scaling.place())
	if err != nil {
		return err
	}
	defer first.frame.Free()
	to := first.on.resized(scaling.place(), t.Width*2/3&^1, t.Height*2/3&^1, scaling.format())
	s, err := scaling.open(first, to)
	if err != nil {
		return err
	}
	defer s.free()
	step := func(int) error {
		made, err := scaled(s, first, to)
		if err != nil {
			return err
		}
		defer made.frame.Free()
		// One in a while is waited for, so that no more than a few are under way.
		if t.out++; t.out%leastPictures != 0 {
			return nil
		}
		return t.settled(made)
	}
	last := func() error {
		made, err := scaled(s, first, to)
		if err != nil {
			return err
		}
		defer made.frame.Free()
		return t.settled(made)
	}
	return t.measure(f, step, last)
}

// decode decodes a clip that x264 made, over and over.
func (t *trial) decode(f *pipeline.Finding) error {
	clip, err := t.clip()
	if err != nil {
		return fmt.Errorf("make a clip to decode: %w", err)
	}
	d, err := newDecoder(t.backend.decodes(), *clip[0].Video, decodedQueue, t.log)
	if err != nil {
		return err
	}
	defer d.free()
	put := func(got decoded) error {
		defer got.frame.Free()
		if t.out++; t.out%leastPictures != 0 {
			return nil
		}
		return t.settled(picture{frame: got.frame, on: sourceSurface(got.frame)})
	}
	said := libavSaid.mark()
	step := func(i int) error {
		p := clip[i%len(clip)]
		p.PTS = media.Ticks(i) * trialPeriod
		p.DTS = p.PTS
		if err := d.decode(p, put); err != nil {
			return err
		}
		if d.byCPU.Load() {
			return deviceFault(said, fmt.Errorf("decode %dx%d on %s: libav does not take the device for it", t.Width, t.Height, d.device.id))
		}
		return nil
	}
	if err := t.measure(f, step, func() error { return d.flush(put) }); err != nil {
		return err
	}
	if f.Pictures == 0 {
		return deviceFault(said, fmt.Errorf("decode %dx%d: no picture came out", t.Width, t.Height))
	}
	return nil
}

// clip is a second of H.264 that begins with an IDR.
func (t *trial) clip() (packets []media.Packet, err error) {
	e := t.encoder(t.backend.spare, func(_ int, p media.Packet) error {
		p.Data = append([]byte(nil), p.Data...)
		packets = append(packets, p)
		return nil
	})
	defer e.free()
	for i := range trialRate {
		if err := t.feed(e, i); err != nil {
			return nil, err
		}
	}
	return packets, e.flush()
}
