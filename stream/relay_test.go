package stream

import (
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
	"ladderd/pipeline"
)

// relay is a hub under test with what its publishers were told, what its events were,
// and what reached the transcoder.
type relay struct {
	*Hub
	mu     sync.Mutex
	events []Event
	taken  []media.Packet // by transcoders, on the stream's clock
	past   []Status       // of streams that are over
}

// tape is a transcoder that keeps what it is given.
type tape struct {
	*echo
	relay *relay
}

func (e tape) Write(p media.Packet) error {
	e.relay.mu.Lock()
	e.relay.taken = append(e.relay.taken, p)
	e.relay.mu.Unlock()
	return e.echo.Write(p)
}

// peer is one publisher, with what it was told.
type peer struct {
	ingest.Session
	relay *relay
	told  []error
}

var advanced = Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true}

// relayed runs a test in a bubble of its own time, with a stream that waits 30 s for
// its publisher.
func relayed(t *testing.T, c Channel, test func(*testing.T, *relay)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &relay{}
		r.Hub = NewHub([]Channel{c}, Options{
			Linger: time.Hour, Devices: onCPU{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			Transcode: func(pipeline.Job, pipeline.Options) (Transcoder, error) {
				return tape{&echo{out: make(chan pipeline.Output, 8192)}, r}, nil
			},
			Terms: Terms{ReconnectWindow: 30 * time.Second, Takeovers: 100},
			Ended: func(s Status) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.past = append(r.past, s)
			},
			Events: func(e Event) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.events = append(r.events, e)
			},
		})
		defer r.Close()
		test(t, r)
	})
}

// ask is a request to publish with a query behind the key, as in "priority=3".
func (r *relay) ask(query string) (*peer, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	p := &peer{relay: r}
	p.Session, err = r.Accept(ingest.Request{Protocol: "rtmp", Key: basic.Key, Query: values, Close: func(reason error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		p.told = append(p.told, reason)
	}})
	return p, err
}

func (r *relay) join(t *testing.T, query string) *peer {
	t.Helper()
	p, err := r.ask(query)
	if err != nil {
		t.Fatal("not accepted:", err)
	}
	return p
}

// send hands packets over and waits until the stream has worked them off.
func (p *peer) send(t *testing.T, packets ...media.Packet) {
	t.Helper()
	for _, packet := range packets {
		if err := p.Write(packet); err != nil {
			t.Fatal("write:", err)
		}
	}
	synctest.Wait()
}

// last is what the publisher was told last, nil for nothing.
func (p *peer) last() error {
	synctest.Wait()
	p.relay.mu.Lock()
	defer p.relay.mu.Unlock()
	if len(p.told) == 0 {
		return nil
	}
	return p.told[len(p.told)-1]
}

// status is the running stream's; the zero value without one.
func (r *relay) status() Status {
	synctest.Wait()
	if list := r.Status(); len(list) == 1 {
		return list[0]
	}
	return Status{}
}

// count is how many events of a name, and of a code where it is not empty, there were.
func (r *relay) count(name, code string) (n int) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Name() == name && (code == "" || e.Code() == code) {
			n++
		}
	}
	return n
}

// endDelay is longer than playlists wait for their end after the last media.
const endDelay = 2 * time.Second

// playlist is that of the newest stream's first rendition.
func (r *relay) playlist(t *testing.T, id string) (text string, ended bool) {
	t.Helper()
	synctest.Wait()
	s, err := r.Stream(id)
	if err != nil {
		t.Fatal(err)
	}
	d, err := rendition(t, s).Playlist(t.Context(), packager.Plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(d.Body), d.Final
}

// footage is video with an IDR every 2 s, and audio with it, both from a time of its own
// clock on.
type footage struct {
	video *media.VideoParams
	audio *media.AudioParams // nil for none
	from  int64              // ms
	fps   int64
}

func footageOf(t *testing.T) footage {
	return footage{video: realVideo(t), audio: testAudio, from: 5000, fps: 30}
}

// shoot is the media of some time from the beginning on, in the order of decoding.
func (f footage) shoot(seconds float64) []media.Packet {
	var out []media.Packet
	sounds := 0
	for n := range int(seconds * float64(f.fps)) {
		at := ms(f.from) + media.Ticks(int64(n)*media.Clock/f.fps)
		p := frame(0, f.video)
		if p.PTS, p.DTS = at, at; int64(n)%(2*f.fps) != 0 {
			p = frame(1, nil)
			p.PTS, p.DTS = at, at
		} else if n > 0 {
			p.Video = nil
		}
		for ; f.audio != nil && f.sound(sounds) <= at; sounds++ {
			s := media.Packet{Kind: media.Audio, PTS: f.sound(sounds), DTS: f.sound(sounds), Data: []byte{1, 2, 3}}
			if sounds == 0 {
				s.Audio = f.audio
			}
			out = append(out, s)
		}
		out = append(out, p)
	}
	return out
}

// sound is when the nth frame of audio is due.
func (f footage) sound(n int) media.Ticks {
	return ms(f.from) + media.Ticks(int64(n)*media.FrameSamples*media.Clock/int64(f.audio.SampleRate))
}

// seamless holds what the transcoder was given to one timeline: DTS rises, and neither
// track has a hole or an overlap.
func (r *relay) seamless(t *testing.T, step media.Ticks) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	longest := map[media.Kind]media.Ticks{media.Video: step + 10, media.Audio: 1930}
	last := map[media.Kind]media.Packet{}
	for i, p := range r.taken {
		before, any := last[p.Kind]
		if any && (p.DTS <= before.DTS || p.PTS <= before.PTS || p.PTS-before.PTS > longest[p.Kind]) {
			t.Fatalf("packet %d: %s at PTS %d, DTS %d after %d, %d", i, p.Kind, p.PTS, p.DTS, before.PTS, before.DTS)
		}
		last[p.Kind] = p
	}
	if v, a := last[media.Video].PTS, last[media.Audio].PTS; abs(v-a) > ms(60) {
		t.Errorf("video is at %d, audio at %d", v, a)
	}
}

// idrs are the PTS of the IDRs that the transcoder was given.
func (r *relay) idrs() (at []media.Ticks) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.taken {
		if p.Key {
			at = append(at, p.PTS)
		}
	}
	return at
}

// names are the events' so far.
func (r *relay) names() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, e := range r.events {
		list = append(list, e.Name())
	}
	return strings.Join(list, ", ")
}
