package stream

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/pace"
)

// encoder stands for a worker: the decisions are the real ones, only the codecs are
// missing. Its renditions hold the PTS of their IDRs.
type encoder struct {
	job      pipeline.Job
	pacer    *pace.Pacer
	cadences []*pace.Cadence
	idrs     [][]media.Ticks
	out      media.Ticks // the greatest PTS put out
}

func newEncoder(job pipeline.Job) *encoder {
	e := &encoder{job: job, idrs: make([][]media.Ticks, len(job.Videos)), out: -1}
	e.replace()
	return e
}

// replace is a worker's death and its replacement, which goes on past what is out.
func (e *encoder) replace() {
	e.pacer, e.cadences = pace.NewPacer(e.job.Grid, e.out), nil
	for _, v := range e.job.Videos {
		e.cadences = append(e.cadences, pace.NewCadence(e.job.Rate, v.Rate))
	}
}

func (e *encoder) show(p media.Packet) {
	use, grid := e.pacer.Step(p.PTS, p.Key, false)
	if !use {
		return
	}
	for i, c := range e.cadences {
		if c.Keep(p.PTS, grid) {
			e.out = max(e.out, p.PTS)
			if grid {
				e.idrs[i] = append(e.idrs[i], p.PTS)
			}
		}
	}
}

// drawSource draws video as encoders send it at their worst: milliseconds, a rate
// that varies, dropped frames, IDRs where they like, a clock that jumps or stands
// still.
func drawSource(t *rapid.T) []media.Packet {
	step := rapid.SampledFrom([]int64{16, 17, 20, 33, 40, 42}).Draw(t, "ms between frames")
	clock := rapid.Int64Range(0, 1<<31).Draw(t, "clock")
	var out []media.Packet
	for i := range rapid.IntRange(10, 500).Draw(t, "frames") {
		out = append(out, media.Packet{
			Kind: media.Video, PTS: ms(clock), DTS: ms(clock),
			Key: i == 0 || rapid.IntRange(0, 40).Draw(t, "IDR") == 0,
		})
		switch rapid.IntRange(0, 30).Draw(t, "what comes next") {
		case 0:
			clock += rapid.Int64Range(-1<<31, 1<<31).Draw(t, "jump")
		case 1:
			clock += rapid.Int64Range(0, 5000).Draw(t, "dropped")
		case 2, 3, 4:
			clock += rapid.Int64Range(0, 3*step).Draw(t, "varying")
		default:
			clock += step
		}
	}
	return out
}

// drawRelay draws sources of which each takes over from the one before.
func drawRelay(t *rapid.T) [][]media.Packet {
	var out [][]media.Packet
	for range rapid.IntRange(1, 4).Draw(t, "publishers") {
		out = append(out, drawSource(t))
	}
	return out
}

// broadcast takes sources through the real timeline, plan and pace. The worker
// dies before frame dies. It returns the PTS of the sources' IDRs on the stream's
// clock.
func broadcast(t *rapid.T, kind ladder.Type, relay [][]media.Packet, dies int) (*plan, *encoder, []media.Ticks) {
	in := ladder.Input{Width: 1920, Height: 1080, Rate: media.Rate{Num: 60, Den: 1}, Audio: true}
	renditions, err := ladder.For(kind, "", in)
	if err != nil {
		t.Fatal(err)
	}
	p := newPlan("st-x", renditions, &source{video: testVideo, audio: testAudio, input: in}, 0)
	tl, enc, passed := newTimeline(relay[0][0].PTS), newEncoder(p.Job), []media.Ticks(nil)
	shown, at := media.Ticks(-1), 0
	for i, frames := range relay {
		if i > 0 {
			if begin := tl.join(frames[0].PTS, Start); begin <= shown {
				t.Fatalf("publisher %d begins at %d, where %d has been shown", i, begin, shown)
			}
		}
		for _, f := range frames {
			if at == dies {
				enc.replace()
			}
			at++
			tl.place(&f)
			if f.PTS <= shown {
				t.Fatalf("publisher %d has a picture at %d after %d", i, f.PTS, shown)
			}
			if shown = f.PTS; f.Key {
				passed = append(passed, f.PTS)
			}
			enc.show(f)
		}
	}
	return p, enc, passed
}

// Whatever the sources' timestamps do, however often the stream is taken over, and
// whenever its worker dies: PTS rises, all renditions
// have their IDRs at the same PTS, those are the source's own where it is passed
// through, and on the 2 s grid where it is not.
func TestRenditionsStayAligned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]ladder.Type{ladder.Standard, ladder.AdvancedHD}).Draw(t, "channel type")
		p, enc, passed := broadcast(t, kind, drawRelay(t), rapid.IntRange(0, 1000).Draw(t, "the worker dies at frame"))
		for i, idrs := range enc.idrs {
			if !slices.Equal(idrs, enc.idrs[0]) {
				t.Fatalf("%s has IDRs at %d, %s at %d", p.renditions[p.MadeVideo[i]].Name, idrs, p.renditions[p.MadeVideo[0]].Name, enc.idrs[0])
			}
		}
		grid, points := p.Job.Grid, map[media.Ticks]bool{}
		for _, at := range enc.idrs[0] {
			if grid.Period == 0 && !slices.Contains(passed, at) {
				t.Fatalf("an IDR at %d, where the source has none: %d", at, passed)
			}
			if grid.Period == 0 {
				continue
			}
			point := (at - grid.Origin) / grid.Period
			if points[point] {
				t.Fatalf("two IDRs for grid point %d: %d", point, enc.idrs[0])
			}
			points[point] = true
		}
	})
}

func TestSourceIDRsAreAllTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, enc, passed := broadcast(t, ladder.Standard, drawRelay(t), -1)
		for i, idrs := range enc.idrs {
			if !slices.Equal(idrs, passed) {
				t.Fatalf("output %d has IDRs at %d, the source at %d", i, idrs, passed)
			}
		}
	})
}
