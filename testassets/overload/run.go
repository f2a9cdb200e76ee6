package overload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/await"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// Options says what is asked for.
type Options struct {
	Kind     ladder.Type
	Count    int    // of channels
	Clip     string // the file that all publish, over and over
	WhenFull string // the daemon's when_full
	// Apart is the time between two publishers, and For how long those that are carried are
	// looked at when all have come.
	Apart, For time.Duration
	// CPURate is how fast the daemon is told that each core is, in pixels a second; 0 has it
	// find out.
	CPURate float64
}

// Report is what became of them.
type Report struct {
	WhenFull string    `json:"when_full"`
	Kind     string    `json:"type"`
	Asked    int       `json:"asked"`
	Carried  []Carried `json:"carried"`
	Refused  []Refused `json:"refused"`
	// Late is how late parts were to viewers, over all renditions that were carried.
	Late Lateness `json:"late"`
}

// Carried is a channel that was.
type Carried struct {
	Channel string   `json:"channel"`
	Late    Lateness `json:"late"`
	// Shed are the renditions that were not encoded at some time; Most is how many at once.
	Shed []string `json:"shed"`
	Most int      `json:"most_shed"`
	// Disturbed says what changed of a stream that ran, apart from what was shed; empty
	// where nothing did.
	Disturbed string `json:"disturbed,omitempty"`
}

// deciding is how long it may take until every publisher has a stream or an answer.
const deciding = 40 * time.Second

// measuring is how long it may take to measure the CPU.
const measuring = 2 * time.Minute

// run is one.
type run struct {
	Options
	daemon     *daemon.Daemon
	publishers map[string]*publish.Publisher // by channel
	streams    map[string]daemon.Stream      // those that were carried, as they began
	shed       map[string]map[string]bool    // by channel
	most       map[string]int
	late       map[string]*lateness
}

// Run asks for all channels. Its error says that something could not be done, not that
// something was not carried.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &run{
		Options: o, publishers: map[string]*publish.Publisher{}, streams: map[string]daemon.Stream{},
		shed: map[string]map[string]bool{}, most: map[string]int{}, late: map[string]*lateness{},
	}
	settings := daemon.Settings{
		Backend: "x264", WhenFull: o.WhenFull, Measured: o.CPURate == 0, CPURate: o.CPURate, Window: 20 * time.Second,
	}
	for i := range o.Count {
		id := fmt.Sprintf("c%d", i+1)
		settings.Channels = append(settings.Channels, daemon.Channel{ID: id, Type: o.Kind, Key: "sk_overload_channel_" + id})
	}
	var err error
	if r.daemon, err = daemon.Start(ctx, settings); err != nil {
		return nil, err
	}
	err = errors.Join(r.all(ctx, settings.Channels), r.daemon.Stop())
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, r.daemon.Output())
	}
	return r.report(settings.Channels)
}

// measured waits until the daemon knows what the CPU does, which the first stream would end.
func (r *run) measured(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, measuring)
	defer cancel()
	return await.Until(ctx, "the CPU to be measured", nil, func() (bool, error) {
		_, err := os.Stat(filepath.Join(r.daemon.Folder(), "devices.json"))
		return err == nil, nil
	})
}

// all has the channels come, looks at those that are carried, and has them leave.
func (r *run) all(ctx context.Context, channels []daemon.Channel) error {
	defer r.leave()
	if err := r.measured(ctx); err != nil {
		return err
	}
	for _, c := range channels {
		p, err := publish.FFmpegLoop(r.daemon.RTMP(c.Key), r.Clip)
		if err != nil {
			return err
		}
		r.publishers[c.ID] = p
		if err := pause(ctx, r.Apart); err != nil {
			return err
		}
	}
	if err := r.decided(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for id := range r.streams {
		l, err := watch(ctx, r.daemon.Playback(id))
		if err != nil {
			return fmt.Errorf("watch channel %s: %w", id, err)
		}
		r.late[id] = l
	}
	err := r.look(ctx)
	cancel()
	for id, l := range r.late {
		if failed := l.wait(); failed != nil {
			err = errors.Join(err, fmt.Errorf("channel %s: %w", id, failed))
		}
	}
	return err
}

func (r *run) leave() {
	for _, p := range r.publishers {
		_ = p.Stop() // those that were refused have failed
	}
}

// decided waits until each publisher has a stream with a worker, or has ended.
func (r *run) decided(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deciding)
	defer cancel()
	return await.Until(ctx, "all publishers to be let in or refused", nil, func() (bool, error) {
		h, err := r.daemon.Health(ctx)
		if err != nil {
			return false, err
		}
		for id, p := range r.publishers {
			s, live := h.Stream(id)
			if live {
				r.note(s)
			}
			if live && s.Worker != nil && s.Worker.PID > 0 && len(s.Renditions) > 0 {
				if _, known := r.streams[id]; !known {
					r.streams[id] = s
				}
			} else if p.Running() {
				return false, nil
			}
		}
		return true, nil
	})
}

// look watches what is shed, for so long.
func (r *run) look(ctx context.Context) error {
	for end := time.Now().Add(r.For); time.Now().Before(end); {
		h, err := r.daemon.Health(ctx)
		if err != nil {
			return err
		}
		for id := range r.streams {
			s, _ := h.Stream(id)
			r.note(s)
		}
		if err := pause(ctx, time.Second/4); err != nil {
			return err
		}
	}
	h, err := r.daemon.Health(ctx)
	if err != nil {
		return err
	}
	for id, began := range r.streams {
		now, live := h.Stream(id)
		r.late[id].disturbed = disturbed(began, now, live)
	}
	return nil
}

// note keeps what a stream lacks.
func (r *run) note(s daemon.Stream) {
	if r.shed[s.Channel] == nil {
		r.shed[s.Channel] = map[string]bool{}
	}
	for _, name := range s.Shed {
		r.shed[s.Channel][name] = true
	}
	r.most[s.Channel] = max(r.most[s.Channel], len(s.Shed))
}

// disturbed says what has changed of a stream.
func disturbed(began, now daemon.Stream, live bool) string {
	switch {
	case !live:
		return "it has ended"
	case now.ID != began.ID:
		return "it is another stream"
	case now.Remote != began.Remote:
		return "its publisher had to connect again"
	case now.Worker == nil || now.Worker.PID != began.Worker.PID || now.Worker.Restarts != began.Worker.Restarts:
		return fmt.Sprintf("its worker was %+v and is %+v", began.Worker, now.Worker)
	}
	return ""
}

// report puts it all together.
func (r *run) report(channels []daemon.Channel) (*Report, error) {
	report := &Report{WhenFull: r.WhenFull, Kind: string(r.Kind), Asked: r.Count, Carried: []Carried{}, Refused: []Refused{}}
	var all lateness
	for _, c := range channels {
		if _, carried := r.streams[c.ID]; !carried {
			refused, err := r.refused(c.ID)
			if err != nil {
				return nil, err
			}
			report.Refused = append(report.Refused, refused)
			continue
		}
		l := r.late[c.ID]
		all.add(l)
		report.Carried = append(report.Carried, Carried{
			Channel: c.ID, Late: l.figures(), Shed: sorted(r.shed[c.ID]), Most: r.most[c.ID], Disturbed: l.disturbed,
		})
	}
	report.Late = all.figures()
	return report, nil
}

func sorted(set map[string]bool) []string {
	list := []string{}
	for name := range set {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
