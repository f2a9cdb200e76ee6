package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// broadcasts are what faults happen to. Their pictures are easy, as what is looked at is
// time, and the machines of CI have two cores.
var broadcasts = []struct {
	name       string
	channel    daemon.Channel
	clip       publish.Clip
	renditions int // that are listed
	passed     int // of these, passed through; they come first
	rate       int // pictures a second of the best that is encoded
	cpu        int
}{
	{"1080p60 STANDARD", daemon.Channel{Type: ladder.Standard}, publish.Clip{
		Name: "easy1080p60", Width: 1920, Height: 1080, Rate: "60", Seconds: 12, Bitrate: 2_000_000, GOP: 2, Filter: easy}, 5, 1, 60, 14},
	{"720p30 ADVANCED_HD", daemon.Channel{Type: ladder.AdvancedHD}, publish.Clip{
		Name: "easy720p30", Width: 1280, Height: 720, Rate: "30", Seconds: 12, Bitrate: 1_000_000, GOP: 2, Filter: easy}, 5, 0, 30, 6},
}

// easy leaves of a picture what is left at a tenth of its size.
const easy = "scale=iw/10:ih/10:flags=area,scale=iw*10:ih*10:flags=bilinear"

// TestFaultMatrix has every fault happen to every encoder in the midst of a broadcast, and
// wants viewers and the publisher to get over it. The broadcasts take turns, so that each encoder
// and each fault meets both; `make faults` has all of them. What is asserted is what does not
// depend on how fast the machine is; the rest is in docs/faults.md, by `make faults`.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	var all findings
	t.Cleanup(func() { all.write(t) })
	for i, of := range victims {
		v := of(t)
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			v.prove(t)
			for j, f := range faults {
				for k := range broadcasts { // by turns, as they fit beside each other
					if *faultsFile == "" && (i+j+k)%len(broadcasts) != 0 {
						continue
					}
					c := cell{victim: v, fault: f, broadcast: k}
					t.Run(string(f)+" "+broadcasts[k].name, func(t *testing.T) { all.add(c.run(t)) })
				}
			}
		})
	}
}

// prove has a daemon find out what the encoder's device does, for those that follow.
func (v *victim) prove(t *testing.T) {
	t.Helper()
	if v.settings.Backend == "x264" {
		return
	}
	proven := t.Run("proof", func(t *testing.T) {
		useCPU(t, transcoding)
		settings := v.settings
		settings.Channels = []daemon.Channel{channel(daemon.Channel{Type: ladder.Standard})}
		d := startDaemonWith(t, settings)
		awaitProven(t, d)
		proofs, err := d.Proofs()
		if err != nil {
			t.Fatal(err)
		}
		v.settings.Proofs = proofs
	})
	if !proven {
		t.FailNow()
	}
}

// cell is one broadcast to which one thing happens.
type cell struct {
	victim
	fault     fault
	broadcast int
}

// phase is how many parts of a segment of two seconds are out when it happens: it is in
// the middle, and there is always a rest of the segment to be lost.
const phase = 3

func (c cell) run(t *testing.T) finding {
	b := broadcasts[c.broadcast]
	file := clip(t, b.clip)
	useCPU(t, b.cpu)
	t.Cleanup(c.heal)
	settings := c.settings
	settings.Channels = []daemon.Channel{channel(b.channel)}
	d := startDaemonWith(t, settings)
	if c.changes {
		awaitProven(t, d)
	}
	o := outcome{cell: c, scene: scene{d, b.rate}, seen: newArrivals()}
	if c.fault == unopened {
		o.strike(t)
	}
	p, err := publish.FFmpegLoop(d.RTMP(streamKey), file)
	p = stopAtEnd(t, p, err)
	if c.fault == unopened && c.open != nil {
		c.open(t)
	}
	v := view(t, d, d.Playback(studio), b.renditions, o.seen.seen)
	if c.fault == unopened {
		o.over(t, p, 0)
	} else {
		o.happens(t, p)
	}
	if err := p.Stop(); err != nil {
		t.Logf("the publisher: %v", err) // ffmpeg's exit code for Ctrl-C is 255
	}
	return o.judge(t, v.finish(t))
}

// outcome is what comes of a fault.
type outcome struct {
	cell
	scene
	seen   *arrivals
	struck time.Time
	after  daemon.Stream // when it was over
}

func (o *outcome) strike(t *testing.T) {
	o.struck = time.Now()
	o.victim.strike(t, o.scene, o.fault)
}

// happens has the fault happen in the midst of a segment.
func (o *outcome) happens(t *testing.T, p *publish.Publisher) {
	t.Helper()
	n := broadcasts[o.broadcast].renditions
	began := checkOn(t, o.d, o.on, 0)
	connection := sockets(t, p.PID())
	awaitOrFail(t, within(t, 30*time.Second), "the midst of a segment",
		func() (bool, error) { return o.seen.midst(n), nil }, o.seen.far.String)
	segment := o.seen.far.least(n)
	o.strike(t)
	o.over(t, p, segment)
	checkConnected(t, p, connection)
	if o.after.ID != began.ID || o.after.Remote != began.Remote {
		t.Errorf("the stream was %+v and is %+v", began, o.after)
	}
}

// over waits until another worker has taken over, has made some of the next segment, and is
// hardly late any more.
func (o *outcome) over(t *testing.T, p *publish.Publisher, segment int64) {
	t.Helper()
	n := broadcasts[o.broadcast].renditions
	behind := func(segment int64) {
		awaitOrFail(t, within(t, time.Minute), "media behind it",
			func() (bool, error) { return o.seen.past(n, segment), nil }, o.seen.far.String)
	}
	if o.passes() {
		behind(segment + 1)
		o.heal()
		segment++
	}
	s, err := o.d.AwaitStream(within(t, time.Minute), studio, func(s daemon.Stream) bool {
		return s.Worker != nil && s.Worker.PID > 0 && (o.passes() || s.Worker.Restarts > 0) && (!o.changes || s.Worker.Backend != o.on)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.after = s
	behind(segment + 1)
	awaitOrFail(t, within(t, time.Minute), "the stream to be live again",
		func() (bool, error) { return o.seen.nearlyLive(o.struck), nil }, o.seen.far.String)
	if !p.Running() {
		t.Error("the publisher has ended")
	}
}

// passes says that no other worker would do better, so that the fault is over after a
// segment and the worker stays.
func (o *outcome) passes() bool { return o.fault == slowed && !o.changes }

// judge holds what viewers got to what the fault may cost, and tells what it did.
func (o *outcome) judge(t *testing.T, renditions []*hls.Rendition) finding {
	t.Helper()
	checkWithin(t, renditions, hls.LastSlackCut)
	o.checkMaps(t, renditions)
	if o.after.Worker.Backend != "x264" {
		t.Errorf("the stream has moved to %s", o.after.Worker.Backend)
	}
	if n := strings.Count(o.d.Output(), `name="Session Created"`); n != 1 {
		t.Errorf("%d streams", n)
	}
	f := finding{cell: o.cell, moved: o.after.Worker.Backend, restarts: o.after.Worker.Restarts}
	f.lost = o.checkLost(t, renditions)
	noticed, told := loggedAfter(o.d.Output(), "worker failed and is replaced", o.struck)
	if told == o.passes() || o.passes() && f.restarts > 0 {
		t.Errorf("the log tells of a failure: %t; %d workers more", told, f.restarts)
	}
	f.noticed = noticed.Sub(o.struck)
	if f.stall = o.seen.playable().Sub(o.struck); o.fault != unopened {
		var err error
		if f.stall, err = o.seen.stall(o.struck); err != nil {
			t.Error(err)
		}
	}
	t.Log(f)
	return f
}

// checkLost is how much picture is lost in the rendition in which it is most, and wants
// nothing lost of what is passed through, and no gap.
func (o *outcome) checkLost(t *testing.T, renditions []*hls.Rendition) (worst time.Duration) {
	t.Helper()
	passed := broadcasts[o.broadcast].passed
	for i, r := range renditions {
		lost := mediaLost(r)
		if most := o.mayLose(); lost > most || i < passed && lost > 0 {
			t.Errorf("%s: %v are lost, and at most %v may be", r.Name, lost, most)
		}
		if r.Holes() > 0 {
			t.Errorf("%s: %d segments have gaps, which stop hls.js", r.Name, r.Holes())
		}
		worst = max(worst, lost)
	}
	return worst
}

// mayLose is how much picture a fault may cost: the rest of the segment in which it happens,
// since the replacement begins with an IDR, and these are where segments begin. One that
// is slow has pictures of some renditions ready that others have not. Before anything was
// shown it costs nothing, nor where no worker is replaced.
func (o *outcome) mayLose() time.Duration {
	switch {
	case o.fault == unopened || o.passes():
		return 0
	case o.fault == slowed:
		return 2500 * time.Millisecond
	}
	return 2 * time.Second
}

// checkMaps wants another encoder's parameter sets to come once, with the same segment in
// all renditions that are encoded, and with a discontinuity there where no rendition is
// passed through: beside one the segment is listed already. The same encoder's sets are
// no news. That discontinuities are the same in all renditions has been checked; sound has
// the same encoder.
func (o *outcome) checkMaps(t *testing.T, renditions []*hls.Rendition) {
	t.Helper()
	b := broadcasts[o.broadcast]
	once := 0
	if o.changes && o.fault != unopened {
		once = 1
	}
	at, breaks := sections(renditions[b.passed].Playlist)
	if len(at) != once || b.passed == 0 && !slices.Equal(breaks, at) || b.passed > 0 && len(breaks) > 0 {
		t.Errorf("EXT-X-MAP changes at %d, and discontinuities are at %d", at, breaks)
	}
	for i, r := range renditions {
		changed, _ := sections(r.Playlist)
		if i < b.passed || !r.HasVideo() {
			if len(changed) > 0 {
				t.Errorf("%s: EXT-X-MAP changes at %d", r.Name, changed)
			}
		} else if !slices.Equal(changed, at) {
			t.Errorf("%s: EXT-X-MAP changes at %d, elsewhere at %d", r.Name, changed, at)
		}
	}
}

// sections is where initialisation sections change, and where discontinuities are.
func sections(p *hls.Playlist) (changed, breaks []int64) {
	for i, s := range p.Segments {
		if i > 0 && s.Map.URI != p.Segments[i-1].Map.URI {
			changed = append(changed, s.MSN)
		}
		if s.Discontinuity {
			breaks = append(breaks, s.MSN)
		}
	}
	return changed, breaks
}
