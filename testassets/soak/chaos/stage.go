package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
	"ladderd/testassets/process"
	"ladderd/testassets/publish"
)

const (
	// reconnect is how long a stream waits for its publisher.
	reconnect = 2 * time.Second
	// linger is long enough for a stream to be fetched whole after its end.
	linger = 3 * time.Second
	// window is how much media playlists list: a stream is read whole in a few seconds.
	window = 12 * time.Second
	// memory is Go's limit for the daemon: not much more than what lives, so that garbage
	// does not hide what is kept.
	memory = "16MiB"
	// cards is how many there are, sessions how many encoders each has: not enough for all
	// channels, some of which the CPU then carries.
	cards, sessions = 2, 4
)

// broadcast is what all publishers send.
var broadcast = publish.Clip{Name: "soak", Width: 640, Height: 360, Rate: "30", Seconds: 8, Bitrate: 800_000, GOP: 2, Preset: "ultrafast"}

// kinds are the channels' types, and what a stream takes of the machine, in tenths of a core.
var kinds = []struct {
	kind   ladder.Type
	preset ladder.Preset
	tenths int
}{
	{ladder.AdvancedSD, "", 6}, {ladder.Basic, "", 2}, {ladder.Standard, "", 6}, {ladder.AdvancedHD, "", 6},
}

// stage is all that there is.
type stage struct {
	Options
	random   *rand.Rand
	daemon   *daemon.Daemon
	config   string // its configuration file, in the beginning
	rig      *doubles.Rig
	clip     string
	channels []*channel
	crowd    *crowd
	loads    []*process.Process // `ladderd load`
	ill      []int              // cards that misbehave
	report   *Report
}

// channel is one, and who publishes on it.
type channel struct {
	daemon.Channel
	on       *publish.Publisher   // the one who was last; nil where it has left
	before   []*publish.Publisher // who were taken over from, until they have ended
	cut      bool                 // it was cut off, and may come back
	priority int                  // of the one who was last
}

func newStage(ctx context.Context, o Options) (*stage, error) {
	s := &stage{Options: o, random: rand.New(rand.NewPCG(o.Seed, 0)), crowd: &crowd{}}
	settings := daemon.Settings{
		Linger: linger, Window: window, Reconnect: reconnect, SRT: 200 * time.Millisecond, MemoryLimit: memory,
		Backend: "auto", RenderNodes: []string{"/nonexistent/renderD128"},
	}
	for _, c := range channels(o.Tenths) {
		s.channels = append(s.channels, &channel{Channel: c})
		settings.Channels = append(settings.Channels, c)
	}
	var err error
	if s.clip, err = broadcast.Make(ctx, o.Owner.TempDir()); err != nil {
		return nil, err
	}
	s.rig = doubles.New(o.Owner, doubles.Box{Cards: []doubles.Card{{Sessions: sessions}, {Sessions: sessions}}})
	settings.Env = s.rig.Env()
	if s.daemon, err = daemon.Start(ctx, settings); err != nil {
		return nil, err
	}
	return s, s.readConfig()
}

// channels are one of each kind, as far as they fit into so much of the machine, and then
// more; at least one that is transcoded and one that is not.
func channels(tenths int) (list []daemon.Channel) {
	add := func(i int) {
		k := kinds[i]
		tenths -= k.tenths
		n := len(list)
		list = append(list, daemon.Channel{
			ID: fmt.Sprintf("c%d", n), Type: k.kind, Preset: k.preset, Key: fmt.Sprintf("sk_soak_channel_%04d", n),
		})
	}
	add(0)
	add(1)
	for i, passed := 2, 0; passed < len(kinds); i = (i + 1) % len(kinds) {
		if passed++; kinds[i].tenths <= tenths {
			add(i)
			passed = 0
		}
	}
	return list
}

// kinds are the channels' types, for the report.
func (s *stage) kinds() (list []string) {
	for _, c := range s.channels {
		list = append(list, string(c.Type))
	}
	return list
}

// close ends all that is still there.
func (s *stage) close() error {
	s.clear()
	if err := s.daemon.Stop(); err != nil {
		return fmt.Errorf("the daemon did not end well: %w", err)
	}
	return nil
}

// clear has everybody leave, all at once.
func (s *stage) clear() {
	var leaving sync.WaitGroup
	for _, c := range s.channels {
		leaving.Go(func() { s.leaves(c) })
	}
	for _, l := range s.loads {
		leaving.Go(func() { _ = l.Stop(interrupt, grace) }) // how it ends is of no matter
	}
	s.crowd.leave()
	leaving.Wait()
	s.loads = nil
}
