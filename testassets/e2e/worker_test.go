package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/browser"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// mixed is a broadcast whose ladder passes one rendition through and transcodes
// the others, at little cost.
var mixed = publish.Clip{Name: "mixed", Width: side, Height: side, Rate: "30", Seconds: 8, Bitrate: 3_000_000, GOP: 2, BFrames: 2}

// mute is mixed without audio: in a hole that a worker leaves there is no sound to
// go on with.
var mute = publish.Clip{Name: "mute", Width: side, Height: side, Rate: "30", Seconds: 8, Bitrate: 3_000_000, GOP: 2, BFrames: 2, Silent: true}

// mixedRenditions is how many their ladder has, audio_only not among them.
const mixedRenditions = 5

// show is a broadcast, how viewers get it, and what a page watches of it.
type show struct {
	publish.Clip
	container, latency string // container_format and latency_mode; empty for the defaults
	level              string // that the page chooses; without one there is no page
}

func (s show) String() string {
	return strings.Join(strings.Fields(s.Name+" "+s.container+" "+s.latency), " ")
}

// shows are what workers are killed in: each two of sound, container and latency mode
// meet in one. The page chooses a rendition that the worker makes.
var shows = []show{
	{Clip: mixed, level: "480p30"},
	{Clip: mute, container: "TS", level: "480p30"},
	{Clip: mute, latency: "NORMAL"},
	{Clip: mixed, container: "TS", latency: "NORMAL", level: "360p30"},
}

// cpu is what a show takes, with its viewers.
func (s show) cpu() int {
	if s.level == "" {
		return 7
	}
	return 8
}

// broadcast has a daemon receive a show over and over, until the publisher is
// stopped, on the channel studio.
func broadcast(t *testing.T, s show) (*daemon.Daemon, *publish.Publisher) {
	t.Helper()
	studio := channel(daemon.Channel{Type: ladder.Standard, Container: s.container, Latency: s.latency})
	file := clip(t, s.Clip)
	useCPU(t, s.cpu())
	d := startDaemon(t, studio)
	p, err := publish.FFmpegLoop(d.RTMP(studio.Key), file)
	return d, stopAtEnd(t, p, err)
}

// crashes are the ways in which a worker dies here. The second is what a fault in
// a codec looks like.
var crashes = []syscall.Signal{syscall.SIGKILL, syscall.SIGSEGV}

// progress is how far each rendition of a channel has come.
type progress struct {
	mu   sync.Mutex
	next map[string]int64 // by rendition: the first media sequence number not complete yet
}

func newProgress() *progress { return &progress{next: map[string]int64{}} }

func (p *progress) seen(v hls.Variant, playlist *hls.Playlist) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next[v.Name], _ = playlist.Next()
}

// least is the media sequence number up to which all renditions are complete.
func (p *progress) least(renditions int) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.next) < renditions {
		return 0
	}
	least := int64(1 << 62)
	for _, next := range p.next {
		least = min(least, next)
	}
	return least
}

func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprint(p.next)
}

// await waits until every rendition is complete up to a media sequence number.
func (p *progress) await(t *testing.T, renditions int, next int64) {
	t.Helper()
	awaitOrFail(t, within(t, time.Minute), fmt.Sprintf("segment %d in all renditions", next),
		func() (bool, error) { return p.least(renditions) >= next, nil }, p.String)
}

// TestWorkerKilledInMidStream wants the publisher, ladderd verify, the parsers and a
// player to get over it.
func TestWorkerKilledInMidStream(t *testing.T) {
	t.Parallel()
	for _, s := range shows {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			killWorkers(t, s)
		})
	}
}

func killWorkers(t *testing.T, s show) {
	d, p := broadcast(t, s)
	far := newProgress()
	v := view(t, d, d.Playback(studio), mixedRenditions, far.seen)
	verified := startVerify(t, d.Playback(studio), toTheEnd)
	far.await(t, mixedRenditions, 2)
	connection := sockets(t, p.PID())
	var page *browser.Browser
	if s.level != "" {
		page = watch(t, d, studio)
		play(t, page, s.level)
	}

	for i, signal := range crashes {
		past := far.least(mixedRenditions) + segmentsOfHole + 1
		killWorker(t, d, studio, i+1, signal)
		if page != nil {
			plays(t, page, pastHole)
		}
		far.await(t, mixedRenditions, past)
	}

	checkConnected(t, p, connection)
	if page != nil {
		t.Logf("%d stalls, playback began %d times", eval[int](t, page, `window.ladderd.stalls`), eval[int](t, page, `window.ladderd.starts`))
	}
	if err := p.Stop(); err != nil {
		t.Logf("the publisher: %v", err) // ffmpeg's exit code for Ctrl-C is 255
	}
	verified.finish(t)
	renditions := v.finish(t)
	checkWithin(t, renditions, hls.LastSlackCut)
	checkHoles(t, renditions, len(crashes))
}

// play has a page play a rendition for a while, at one go.
func play(t *testing.T, page *browser.Browser, level string) {
	t.Helper()
	if err := page.Eval(fmt.Sprintf(`window.ladderd.choose(%q)`, level), nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, page, fmt.Sprintf(`window.ladderd.current === %q`, level))
	plays(t, page, 2)
	if n := eval[int](t, page, `window.ladderd.starts`); n != 1 {
		t.Errorf("playback began %d times", n)
	}
}

// segmentsOfHole are the one in which a worker dies and the next.
const segmentsOfHole = 2

// pastHole is how long a page plays after a crash to be past what that cost, in
// seconds: the rest of a segment, another one, and what it had buffered before.
const pastHole = 6

// killWorker ends the worker of a channel's stream by a signal and waits for the
// nth replacement to run.
func killWorker(t *testing.T, d *daemon.Daemon, channel string, n int, signal syscall.Signal) {
	t.Helper()
	s, err := d.AwaitStream(t.Context(), channel, func(s daemon.Stream) bool { return s.Worker != nil && s.Worker.PID > 0 })
	if err != nil {
		t.Fatal(err)
	}
	old := s.Worker.PID
	if err := syscall.Kill(old, signal); err != nil {
		t.Fatalf("kill worker %d: %v", old, err)
	}
	_, err = d.AwaitStream(t.Context(), channel, func(s daemon.Stream) bool {
		return s.Worker != nil && s.Worker.Restarts >= n && s.Worker.PID > 0 && s.Worker.PID != old
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkHoles wants what the crashes cost to be no more than it has to: the picture
// never stands in what is passed through, and in each of the others at most for the
// rest of the segment in which the worker died and for the one after it.
func checkHoles(t *testing.T, renditions []*hls.Rendition, crashes int) {
	t.Helper()
	for i, r := range renditions {
		standing, most := r.Standing(), 2*crashes
		if i == 0 {
			most = 0
		}
		t.Logf("%s: the picture stands in %d of %d segments", r.Name, standing, len(r.Playlist.Segments))
		if standing > most {
			t.Errorf("%s: the picture stands in %d segments after %d crashes", r.Name, standing, crashes)
		}
		if r.Holes() > 0 {
			t.Errorf("%s: %d segments have gaps, which stop hls.js", r.Name, r.Holes())
		}
	}
}

// checkConnected wants a publisher to have the connections that it had.
func checkConnected(t *testing.T, p *publish.Publisher, had []string) {
	t.Helper()
	if now := sockets(t, p.PID()); len(had) == 0 || !slices.Equal(now, had) || !p.Running() {
		t.Errorf("the publisher's connections were %v and are %v; it runs: %v", had, now, p.Running())
	}
}

// sockets are the inodes of a process's established TCP connections: a
// connection that was made anew has another one.
func sockets(t *testing.T, pid int) []string {
	t.Helper()
	established, err := establishedTCP()
	if err != nil {
		t.Fatal(err)
	}
	links, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "fd", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var inodes []string
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil {
			continue // closed meanwhile
		}
		inode, ok := strings.CutPrefix(target, "socket:[")
		if inode = strings.TrimSuffix(inode, "]"); ok && established[inode] {
			inodes = append(inodes, inode)
		}
	}
	slices.Sort(inodes)
	return inodes
}

// establishedTCP is the set of inodes of the machine's established connections
// (proc(5): the fourth field is the state, the tenth the inode).
func establishedTCP() (map[string]bool, error) {
	const established = "01"
	b, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return nil, err
	}
	inodes := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 9 && f[3] == established {
			inodes[f[9]] = true
		}
	}
	return inodes, nil
}
