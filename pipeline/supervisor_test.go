package pipeline

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/media"
)

func out(index int, p media.Packet) Output { return Output{Index: index, Packet: p} }

func key(pts media.Ticks) media.Packet { return withParams(video(pts, true)) }

func write(t *testing.T, s *Supervisor, ps ...media.Packet) {
	t.Helper()
	for _, p := range ps {
		if err := s.Write(p); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplacementResumesPastWhatIsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		write(t, s, gop(second)...)
		a := <-hired
		if a.job.After != -1 {
			t.Errorf("the first worker resumes past %d", a.job.After)
		}
		a.gets(t, second+second*4/5)
		a.says(Ready{}, out(0, key(second)), out(1, key(second)), out(1, video(second+3000, false)))
		a.exit(-1, "signal: segmentation fault")

		a = <-hired
		if a.job.After != second+3000 {
			t.Errorf("the second worker resumes past %d", a.job.After)
		}
		if in := a.hears().(Input); in.Packet.PTS != second || !in.Packet.Key || in.Packet.Video == nil {
			t.Errorf("replay begins with %+v", in.Packet)
		}
		a.gets(t, second+second*4/5)
		write(t, s, gop(3*second)...)
		a.gets(t, 3*second)
		a.says(Ready{}, out(0, key(3*second)), out(1, key(3*second)))

		var got []media.Ticks
		for range 5 {
			got = append(got, (<-s.Outputs()).Packet.PTS)
		}
		if want := media.Ticks(3 * second); got[3] != want || got[4] != want {
			t.Errorf("outputs at %v", got)
		}
		if snap := s.Snapshot(); snap.Restarts != 1 || snap.LastFailure != "signal: segmentation fault" {
			t.Errorf("snapshot %+v", snap)
		}
	})
}

func TestDrainPutsOutAllThatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		write(t, s, gop(second)...)
		s.Drain()
		if err := s.Write(video(2*second, true)); !errors.Is(err, ErrClosed) {
			t.Errorf("write after drain: %v", err)
		}
		a := <-hired
		go func() {
			for m := a.hears(); m != nil; m = a.hears() {
				if _, ok := m.(Drain); ok {
					break
				}
			}
			a.says(Ready{}, out(0, key(second)))
			for i := range media.Ticks(2 * outputQueue) {
				a.says(out(0, video(second+i+1, false)))
			}
			a.exit(ExitDone, "exit status 0")
		}()
		n := 0
		for range s.Outputs() {
			n++
		}
		if n != 2*outputQueue+1 || s.Err() != nil {
			t.Errorf("%d outputs, error %v", n, s.Err())
		}
	})
}

func TestDrainWithoutAWorkerEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		(<-hired).exit(2, "exit status 2")
		(<-hired).exit(2, "exit status 2")
		synctest.Wait() // now it waits for the back-off
		s.Drain()
		<-s.Done()
		if s.Err() != nil || len(hired) != 0 {
			t.Errorf("error %v, %d more workers", s.Err(), len(hired))
		}
	})
}

func TestWorkersThatDieAgainAndAgainEndTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		began := time.Now()
		for range maxDeaths {
			(<-hired).exit(-1, "signal: segmentation fault")
		}
		<-s.Done()
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), "worker died 5 times in 1m0s: signal: segmentation fault") {
			t.Errorf("error %v", err)
		}
		if got := time.Since(began); got != 5250*time.Millisecond {
			t.Errorf("took %v", got)
		}
		if err := s.Write(video(second, true)); !errors.Is(err, s.Err()) {
			t.Errorf("write: %v", err)
		}
	})
}

func TestInputThatNoWorkerSurvivesIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		write(t, s, gop(second)...)
		write(t, s, gop(2*second)...)
		write(t, s, gop(3*second)...)
		a := <-hired
		a.gets(t, 2*second)
		a.says(Ready{}, out(0, key(second)))
		a.exit(-1, "signal: segmentation fault")
		for range maxFruitless {
			a = <-hired
			a.gets(t, 2*second+second/5) // which kills it
			a.exit(-1, "signal: segmentation fault")
		}
		a = <-hired
		in, ok := a.hears().(Input)
		for ok && in.Packet.Kind == media.Audio {
			in, ok = a.hears().(Input)
		}
		if !ok || in.Packet.PTS != 3*second || in.Packet.Video == nil {
			t.Errorf("goes on with %+v", in.Packet)
		}
		if s.Err() != nil {
			t.Error(s.Err())
		}
	})
}

func TestDrainDoesNotWaitForASlowWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		for i := range media.Ticks(8) {
			write(t, s, gop((i+1)*second)...)
		}
		a := <-hired
		began := time.Now()
		s.Drain()
		a.says(Ready{})
		for n := int64(0); a.hears() != nil; n++ {
			a.says(Progress{FramesDecoded: n})
			<-time.After(time.Second)
		}
		<-s.Done()
		if got := time.Since(began); got > 12*time.Second {
			t.Errorf("took %v", got)
		}
	})
}

func TestGoodRunForgivesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		for range 3 * maxDeaths {
			a := <-hired
			a.says(Ready{})
			for range 2 * goodRun / time.Second {
				<-time.After(time.Second / 2)
				a.says(Progress{})
			}
			a.exit(-1, "signal: aborted")
		}
		<-hired
		if s.Err() != nil || s.Restarts() != 3*maxDeaths {
			t.Errorf("error %v after %d restarts", s.Err(), s.Restarts())
		}
	})
}

func TestGiveUpIsNotRetried(t *testing.T) {
	for _, c := range []struct {
		name   string
		failed []Message
		code   ExitCode
		want   string
	}{
		{"by message", []Message{Failed{Reason: "the picture size changed", Code: ExitGiveUp}}, ExitGiveUp, "the picture size changed"},
		{"by exit code", nil, ExitGiveUp, "exit status 12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, hired := cast(t, periodic, Options{})
				a := <-hired
				a.says(c.failed...)
				a.exit(c.code, "exit status 12")
				<-s.Done()
				if err := s.Err(); err == nil || !strings.HasSuffix(err.Error(), c.want) || s.Restarts() != 0 {
					t.Errorf("error %v after %d restarts", err, s.Restarts())
				}
			})
		})
	}
}

// TestWorkerThatMakesNoProgressIsReplaced plays workers that live on without
// doing their job.
func TestWorkerThatMakesNoProgressIsReplaced(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(a *actor)
		want string
	}{
		{"silent from the start", func(*actor) {}, "did not start within 8s"},
		{"beats but is never ready", func(a *actor) { a.beats(Progress{}) }, "did not open its encoders within 8s"},
		{"silent once ready", func(a *actor) { a.says(Ready{}) }, "gave no sign of life for 4s"},
		{"takes no input", func(a *actor) { a.says(Ready{}); a.beats(Progress{}) }, "decoded nothing in 4s of input"},
		{
			"takes input and decodes none",
			func(a *actor) {
				go func() {
					for a.hears() != nil {
					}
				}()
				a.says(Ready{})
				a.beats(Progress{PacketsIn: 100})
			},
			"decoded nothing in 4s of input",
		},
		{"goes back", func(a *actor) { a.says(Ready{}, out(0, key(9)), out(0, key(9))) }, "sent rubbish: video output 0 went from 9 back to 9"},
		{"sends what is the daemon's to send", func(a *actor) { a.says(Drain{}) }, "sent rubbish: a pipeline.Drain"},
		{"ends unasked", func(a *actor) { a.exit(ExitDone, "exit status 0") }, "ended without being asked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, hired := cast(t, periodic, Options{})
				stop := make(chan struct{})
				defer close(stop)
				go source(s, second, stop)
				go c.play(<-hired)
				<-hired
				if got := s.Snapshot().LastFailure; got != c.want {
					t.Errorf("failed for %q, want %q", got, c.want)
				}
			})
		})
	}
}

// source writes pictures in their own time, with a keyframe each second.
func source(s *Supervisor, from media.Ticks, stop <-chan struct{}) {
	const period = media.Ticks(second / 25)
	for pts := from; ; pts += period {
		if s.Write(video(pts, pts%second == 0)) != nil {
			return
		}
		select {
		case <-time.After(period.Duration()):
		case <-stop:
			return
		}
	}
}

func TestPausedPublisherIsNotTheWorkersFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		write(t, s, gop(second)...)
		a := <-hired
		go func() {
			for a.hears() != nil {
			}
		}()
		a.says(Ready{})
		for range 60 {
			<-time.After(HeartbeatPeriod)
			a.says(Progress{PacketsIn: 10, FramesDecoded: 3})
		}
		if s.Restarts() != 0 || s.Snapshot().Progress.FramesDecoded != 3 {
			t.Errorf("snapshot %+v", s.Snapshot())
		}
	})
}

func TestStreamThatIsSlowHoldsTheWorkerUpAndNotMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		a := <-hired
		a.says(Ready{}, out(0, key(second)))
		for i := range media.Ticks(outputQueue) {
			a.says(out(0, video(second+i+1, false)))
		}
		told := make(chan struct{})
		go func() {
			defer close(told)
			a.says(Progress{FramesDecoded: 1})
		}()
		<-time.After(time.Minute)
		select {
		case <-told:
			t.Error("the worker was heard though there is no room for its output")
		default:
		}
		write(t, s, gop(second)...)
		if s.Restarts() != 0 {
			t.Errorf("the worker was replaced: %s", s.Snapshot().LastFailure)
		}
		for range outputQueue + 1 {
			<-s.Outputs()
		}
		<-told
	})
}

func TestWorkerThatFallsBehindIsReplacedAndThenTheStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		stop := make(chan struct{})
		defer close(stop)
		go source(s, second, stop)
		var resumed []media.Ticks
		var actors sync.WaitGroup
		defer actors.Wait()
		for range maxOverflows {
			a := <-hired
			first, ok := a.hears().(Input)
			if !ok {
				t.Fatal("a replacement was sent nothing")
			}
			resumed = append(resumed, first.Packet.PTS)
			actors.Go(func() { // a tenth of what it should do
				a.says(Ready{})
				for n := int64(0); a.hears() != nil; n++ {
					a.says(Progress{FramesDecoded: n})
					<-time.After(400 * time.Millisecond)
				}
			})
		}
		<-s.Done()
		if err := s.Err(); !errors.Is(err, ErrTooSlow) {
			t.Errorf("error %v", err)
		}
		snap := s.Snapshot()
		if snap.Overflows != maxOverflows || snap.Restarts != maxOverflows-1 || snap.Lost == 0 {
			t.Errorf("snapshot %+v", snap)
		}
		if resumed[1]-resumed[0] < 9*second || resumed[2]-resumed[1] < 9*second {
			t.Errorf("workers began at %v: not at the newest keyframe", resumed)
		}
	})
}

func TestNewWorkerIsNotBlamedForWhatItInherits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{Queue: Limits{Span: 10 * second}})
		for i := range media.Ticks(15) {
			write(t, s, gop((i+1)*second)...)
		}
		in, ok := (<-hired).hears().(Input)
		if !ok || in.Packet.PTS != 11*second { // the newest keyframe when there was no more room
			t.Errorf("it begins with %+v", in.Packet)
		}
		if snap := s.Snapshot(); snap.Restarts != 0 || snap.Overflows != 0 {
			t.Errorf("snapshot %+v", snap)
		}
	})
}

func TestMalformedPacketIsRefusedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{})
		long := testVideo
		long.PPS = make([]byte, 1<<16-1)
		for name, p := range map[string]media.Packet{
			"without data":              {Kind: media.Video},
			"longer than a message":     {Kind: media.Video, Data: make([]byte, maxPacket)},
			"with endless parameters":   {Kind: media.Video, Data: []byte{0}, Video: &long},
			"with endless audio config": {Kind: media.Audio, Data: []byte{0}, Audio: &media.AudioParams{Config: make([]byte, 1<<16), SampleRate: 48000, Channels: 2}},
		} {
			if err := s.Write(p); err == nil {
				t.Errorf("a packet %s was taken", name)
			}
		}
		write(t, s, gop(second)...)
		(<-hired).gets(t, second)
	})
}

func TestJobWithoutOutputsIsRefused(t *testing.T) {
	if _, err := Start(Job{}, Options{}); err == nil {
		t.Error("started")
	}
}
