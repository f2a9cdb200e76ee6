package worker

import (
	"slices"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/testassets/doubles"
)

// section is what an output is from one telling of parameters to the next.
type section struct {
	from  media.Ticks
	width int
}

// sections wants parameters at IDRs only.
func sections(t *testing.T, v *rendition) (list []section) {
	t.Helper()
	for _, p := range v.packets {
		if p.Video == nil {
			continue
		}
		if !p.Key {
			t.Errorf("parameters at %d, which is no IDR", p.PTS)
		}
		list = append(list, section{p.PTS, p.Video.Width})
	}
	return list
}

// TestShedOutputsAreCopies has outputs shed from the start and in mid-stream, and taken back:
// no picture is missing, none comes twice, and the IDRs stay where they are in all outputs.
func TestShedOutputsAreCopies(t *testing.T) {
	rate := media.Rate{Num: 30, Den: 1}
	s := record(t, append(moving("640x360", "30", 9), append(ultrafast, "-bf", "2", "-g", "30")...)...)
	job := s.job(rate,
		pipeline.VideoOutput{Width: 640, Height: 360, Rate: rate, Bitrate: 900_000},
		pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 300_000},
		pipeline.VideoOutput{Width: 160, Height: 90, Rate: rate, Bitrate: 100_000})
	job.Shed = []int{1}
	d := startRun(t, job)
	orders := map[int]pipeline.Shed{90: {Outputs: []int{0, 1}}, 150: {Outputs: []int{0}}, 210: {}}
	messages := []pipeline.Message{job}
	for i, p := range s.packets {
		if o, ordered := orders[i]; ordered {
			messages = append(messages, o)
		}
		messages = append(messages, pipeline.Input{Packet: p})
	}
	d.send(append(messages, pipeline.Drain{})...)
	d.read(t)
	if code := <-d.code; code != pipeline.ExitDone || d.failed != nil {
		t.Fatalf("exit code %d, %+v", code, d.failed)
	}
	if want := []string{"libx264 640x360", "libx264 160x90", "libx264 160x90"}; !slices.Equal(d.ready, want) {
		t.Errorf("ready with %q, want %q", d.ready, want)
	}
	for i := range d.result.videos {
		v := &d.result.videos[i]
		if !slices.Equal(v.times(), s.times(media.Video)) || !slices.Equal(v.keys(), s.keys()) {
			t.Errorf("output %d: %d pictures of %d, IDRs at %d of %d", i, len(v.packets), len(s.times(media.Video)), v.keys(), s.keys())
		}
		checkDecodes(t, v)
	}
	for i, want := range [][]int{{640, 160, 320, 640}, {160, 320}, {160}} {
		var widths []int
		for _, c := range sections(t, &d.result.videos[i]) {
			widths = append(widths, c.width)
		}
		if !slices.Equal(widths, want) {
			t.Errorf("output %d is %d pixels wide, one after the other; want %d", i, widths, want)
		}
	}
}

// A worker that is told what to shed before its first picture waits for no encoder that it
// does not open, nor for one that its job did not want: the daemon replaces workers that do
// not become ready.
func TestReadyWithWhatIsEncoded(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 1), ultrafast...), "-g", "15")...)
	for _, c := range []struct {
		name         string
		job, ordered []int
		want         []string
	}{
		{"shed", nil, []int{0}, []string{"libx264 160x90", "libx264 160x90"}},
		{"taken back", []int{0}, nil, []string{"libx264 320x180", "libx264 160x90"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := small(s)
			job.Shed = c.job
			d := startRun(t, job)
			messages := append([]pipeline.Message{job, pipeline.Shed{Outputs: c.ordered}}, inputs(s.packets)...)
			d.send(append(messages, pipeline.Drain{})...)
			d.read(t)
			if code := <-d.code; code != pipeline.ExitDone || d.failed != nil {
				t.Fatalf("exit code %d, %+v", code, d.failed)
			}
			if !slices.Equal(d.ready, c.want) {
				t.Errorf("ready with %q, want %q", d.ready, c.want)
			}
			if v := &d.result.videos[0]; !slices.Equal(v.times(), s.times(media.Video)) {
				t.Errorf("%d pictures of %d", len(v.packets), len(s.times(media.Video)))
			}
		})
	}
}

// A card that has two sessions left carries two renditions at any time, also where one goes as
// another comes back: the one's session is closed before the other's is opened.
func TestShedFreesSessions(t *testing.T) {
	rate := media.Rate{Num: 30, Den: 1}
	s := record(t, append(moving("640x360", "30", 9), append(ultrafast, "-bf", "2", "-g", "30")...)...)
	rig := doubles.New(t, boxOf(doubles.Card{Sessions: 2}))
	s.backend = nvencOn(rig, false)
	job := s.job(rate,
		pipeline.VideoOutput{Width: 640, Height: 360, Rate: rate, Bitrate: 900_000},
		pipeline.VideoOutput{Width: 480, Height: 270, Rate: rate, Bitrate: 600_000},
		pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 300_000})
	job.Shed = []int{1}
	d := startProcess(t, rig.Env(), job)
	messages := []pipeline.Message{job}
	for i, p := range s.packets {
		if i%60 == 30 {
			messages = append(messages, pipeline.Shed{Outputs: []int{i / 60 % 2}}) // the other one
		}
		messages = append(messages, pipeline.Input{Packet: p})
	}
	d.send(append(messages, pipeline.Drain{})...)
	d.read(t)
	if code := <-d.code; code != pipeline.ExitDone || d.failed != nil {
		t.Fatalf("exit code %d, %+v", code, d.failed)
	}
	for i := range d.result.videos {
		if v := &d.result.videos[i]; !slices.Equal(v.times(), s.times(media.Video)) || !slices.Equal(v.keys(), s.keys()) {
			t.Errorf("output %d: %d pictures of %d, IDRs at %d of %d", i, len(v.packets), len(s.times(media.Video)), v.keys(), s.keys())
		}
	}
	opened, err := rig.Recorded(doubles.Initialized)
	if err != nil || len(opened) < 5 {
		t.Errorf("%d sessions were opened, %v", len(opened), err)
	}
}

// What two encoders make comes together in order, however late either is.
func TestWeaveHoldsWhatIsEarly(t *testing.T) {
	job := pipeline.Job{Videos: []pipeline.VideoOutput{{Width: 640, Height: 360}, {Width: 160, Height: 90}}}
	type out struct {
		output int
		pts    media.Ticks
		width  int
	}
	var got []out
	w := newWeave(job, func(o pipeline.Output) error {
		width := 0
		if o.Packet.Video != nil {
			width = o.Packet.Video.Width
		}
		got = append(got, out{o.Index, o.Packet.PTS, width})
		return nil
	})
	large, small := &media.VideoParams{Width: 640}, &media.VideoParams{Width: 160}
	made := func(source int, pts media.Ticks, params *media.VideoParams) {
		if err := w.made(source, media.Packet{Kind: media.Video, PTS: pts, Video: params}); err != nil {
			t.Fatal(err)
		}
	}
	made(0, 0, large)
	made(1, 0, small)
	w.change(2, []int{0})
	if !slices.Equal(w.present(), []int{0}) {
		t.Errorf("shed is %v", w.present())
	}
	made(1, 1, nil)
	made(1, 2, nil) // the large one's last is not out yet
	made(0, 1, nil)
	if err := w.stopped(0, 2); err != nil {
		t.Fatal(err)
	}
	w.change(4, nil)
	made(0, 4, large) // the copy of 3 is not out yet
	made(1, 3, nil)
	made(1, 4, nil)
	want := []out{
		{0, 0, 640}, {1, 0, 160}, {1, 1, 0}, {1, 2, 0}, {0, 1, 0}, {0, 2, 160}, {0, 3, 0}, {1, 3, 0}, {0, 4, 640}, {1, 4, 0},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
