package packager

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"ladderd/ladder"
	"ladderd/media"
)

// Stream packages one live stream. Write, Finish and End are for one goroutine at a
// time; all the rest is for any.
type Stream struct {
	id         string
	clock      *clock
	writers    []*writer
	renditions map[string]*Rendition
	variants   atomic.Pointer[variants] // nil while not ready
	shelf      *shelf                   // nil without a disk
	memory     atomic.Int64
	index      atomic.Int64
	lost       atomic.Int64
	delays     *delays
	low        bool // playlists list parts
	finished   bool // all media are out
}

// New makes a stream of these renditions, which are in the order in which the
// multivariant playlist lists them. id is to be unique among streams, so that
// no cache mixes two of them: it belongs into the path of the playlists.
func New(id string, renditions []ladder.Rendition, o Options) (*Stream, error) {
	if len(renditions) == 0 {
		return nil, errors.New("package stream: no renditions")
	}
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	partTarget := o.partTarget(renditions)
	s := &Stream{
		id: id, low: o.Latency == Low, clock: newClock(o.Target, 3*o.Window+maxSegment),
		renditions: make(map[string]*Rendition, len(renditions)), delays: &delays{},
	}
	if o.Disk != nil {
		s.shelf = o.Disk.shelf(id)
	}
	passed := slices.ContainsFunc(renditions, func(r ladder.Rendition) bool { return r.Video == ladder.Passthrough })
	for _, r := range renditions {
		if r.Video == ladder.None && r.Audio == ladder.None {
			return nil, fmt.Errorf("package stream: rendition %s has no tracks", r.Name)
		}
		if s.renditions[r.Name] != nil {
			return nil, fmt.Errorf("package stream: two renditions are called %s", r.Name)
		}
		w := newWriter(r, o, s.clock, partTarget, r.Video == ladder.Passthrough || !passed, s.shelf)
		w.delays = s.delays
		s.writers = append(s.writers, w)
		s.renditions[r.Name] = w.out
	}
	s.acquaint()
	return s, nil
}

// acquaint has each rendition report on the others.
func (s *Stream) acquaint() {
	for _, w := range s.writers {
		for _, other := range s.writers {
			if other != w {
				w.out.others = append(w.out.others, other.out)
			}
		}
	}
}

// wallClock is the program date-time of pts.
func (o Options) wallClock(pts media.Ticks) time.Time {
	return o.Start.Add((pts - o.StartPTS).Duration())
}

// ID is the stream's.
func (s *Stream) ID() string { return s.id }

// Write takes the next packet of renditions[rendition], video or audio, each
// track in DTS order. A packet that is passed through is to be written before
// those that were made from it, because it decides where segments begin. Packets
// of tracks that the rendition does not have are ignored, as is all after Finish.
func (s *Stream) Write(rendition int, p media.Packet) {
	if s.finished || rendition < 0 || rendition >= len(s.writers) {
		return
	}
	w := s.writers[rendition]
	w.write(p)
	changed := w.hasVideo() && w.advance()
	for _, w := range s.writers {
		if !w.hasVideo() { // led by the clock that any video may have moved
			changed = w.advance() || changed
		}
	}
	if changed {
		s.refresh()
	}
}

// Finish puts out what is left: the last segment is whole, and nothing comes behind
// it. Write is ignored from then on. End is to follow, after EndDelay. No part is to be
// expected any more, so none is hinted at: one that never comes ends playback in Shaka.
func (s *Stream) Finish() {
	if s.finished {
		return
	}
	s.finished = true
	for _, w := range s.writers {
		if w.hasVideo() {
			w.finish()
		}
	}
	for _, w := range s.writers {
		if !w.hasVideo() {
			w.finishSound(s.videoEnd())
		}
	}
	for _, w := range s.writers {
		w.publish()
	}
	s.refresh()
}

// EndDelay is how long End waits after Finish, so that players which have begun the
// last segment take the rest of its parts before the playlist without parts sends
// them for all of it: Chromium, which holds back the end of an MPEG-TS part until the
// next one comes, ends playback where Shaka gives it the same time twice. It is
// PART-HOLD-BACK, how far players are behind: the end finds them still playing.
func (s *Stream) EndDelay() time.Duration {
	if !s.low {
		return 0
	}
	return (holdBack * s.writers[0].target).Duration()
}

// End ends all playlists, and releases all who wait. It finishes the stream if that
// has not been done.
func (s *Stream) End() {
	s.Finish()
	for _, w := range s.writers {
		w.conclude()
	}
}

// videoEnd is where the last picture of any rendition ends.
func (s *Stream) videoEnd() media.Ticks {
	end := media.Ticks(0)
	for _, w := range s.writers {
		if w.hasVideo() {
			end = max(end, w.end)
		}
	}
	return end
}

func (s *Stream) refresh() {
	s.measure()
	if v := newVariants(s.writers, s.clock, s.low, s.finished); v != nil {
		s.variants.Store(v)
	}
}

// measure counts what the windows take.
func (s *Stream) measure() {
	kept, index, lost := int64(0), int64(0), int64(0)
	for _, w := range s.writers {
		kept += w.window.memory
		index += w.window.index
		lost += w.window.lost
	}
	s.memory.Store(kept)
	s.index.Store(index)
	s.lost.Store(lost)
}

// Usage is what a stream's window takes.
type Usage struct {
	Memory int64 // bytes of media
	Disk   int64 // bytes of media
	// Index is bytes of memory for what is known of segments and for their lines in
	// playlists, roughly. Playlists that readers have asked for are not in it: about two
	// a rendition, as long as they are sent.
	Index int64
	// Lost is how many segments left a playlist before their time, as there was room
	// for them neither on disk nor in memory.
	Lost int64
	// Unsaved is how many segments the disk did not take.
	Unsaved int64
}

// Usage is what the stream's window takes now.
func (s *Stream) Usage() Usage {
	disk, unsaved := s.shelf.usage()
	return Usage{Memory: s.memory.Load(), Disk: disk, Index: s.index.Load(), Lost: s.lost.Load(), Unsaved: unsaved}
}

// Bytes is the media kept in memory for viewers.
func (s *Stream) Bytes() int64 { return s.memory.Load() }

// DiskErr is why the disk refuses segments, nil while it takes them: the window may
// get shorter, the stream goes on.
func (s *Stream) DiskErr() error { return s.shelf.err() }

// Settle takes segments out of memory that are on disk, once after End, when the stream has ended and
// the viewers at its edge have had time to fetch its end. It does not wait for the disk,
// which does it once it has what it was to save.
func (s *Stream) Settle() {
	s.shelf.afterwards(func() {
		for _, w := range s.writers {
			w.window.letGo()
		}
		s.measure()
	})
}

// Close forgets the stream's files, when nobody is to see the stream any more. It
// does not wait for the disk. No Write may follow.
func (s *Stream) Close() { s.shelf.empty() }

// Err is the first error that a part was lost to, for the stream's log. It is
// for the goroutine that writes.
func (s *Stream) Err() error {
	for _, w := range s.writers {
		if w.err != nil {
			return w.err
		}
	}
	return nil
}

// Multivariant is the multivariant playlist. The media playlists' URIs in it are
// prefix + "<rendition>/index.m3u8". audioOnly lists also the renditions that
// are there only on request. Until it can be true it is ErrNotReady.
func (s *Stream) Multivariant(prefix string, audioOnly bool) (Document, error) {
	v := s.variants.Load()
	if v == nil {
		return Document{}, ErrNotReady
	}
	return Document{Body: v.render(prefix, audioOnly)}, nil
}

// Rendition finds a rendition by its name.
func (s *Stream) Rendition(name string) (*Rendition, bool) {
	r, ok := s.renditions[name]
	return r, ok
}
