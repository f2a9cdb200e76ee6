package stream

import (
	"context"
	"errors"
	"log/slog"
	"sort"
	"sync"
	"time"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
	"ladderd/pipeline"
)

var (
	// ErrNoChannel says that no channel has the id.
	ErrNoChannel = errors.New("no such channel")
	// ErrNotLive says that nobody publishes to the channel, or that a stream is over
	// and gone.
	ErrNotLive = errors.New("the channel is not live")
)

// Channel is what the hub knows of a channel.
type Channel struct {
	ID       string
	Name     string // for people; events tell it
	Type     ladder.Type
	Preset   ladder.Preset
	Key      string // the stream key, a secret; empty where nobody can publish
	Insecure bool   // what is not encrypted is allowed
	// Passphrase encrypts SRT; empty where the channel has none. A secret.
	Passphrase string
	// Container and Latency are packager.Options'.
	Container packager.Container
	Latency   packager.Latency
	Private   bool // not everybody may watch; the hub only keeps it (Hub.Private)
}

func (c Channel) ladder(in ladder.Input) ([]ladder.Rendition, error) {
	if err := ladder.Check(c.Type, in); err != nil {
		return nil, err
	}
	return ladder.For(c.Type, c.Preset, in)
}

// Transcoder makes the renditions that are not passed through. pipeline.Supervisor
// is the one there is.
type Transcoder interface {
	// Write takes a source packet. It does not block.
	Write(media.Packet) error
	// Outputs closes after Drain, or when the transcoder has failed for good.
	Outputs() <-chan pipeline.Output
	// Drain has the encoders finish what they hold; Close stops at once and waits.
	Drain()
	Close()
	// Shed has these of the job's outputs not be encoded from the next IDR on, and all
	// others encoded (pipeline.Job.Shed). It does not block.
	Shed(outputs []int)
	// Move has it go on with another backend. It does not block.
	Move(b pipeline.Backend)
	Err() error
	Snapshot() pipeline.Snapshot
}

// ErrNotYet is Devices.Place's where another try may have an answer. Publishers are told.
var ErrNotYet = errors.New("the server is still finding out what its devices do: try again in a minute")

// Devices says on what streams' renditions are made.
type Devices interface {
	// Place is a new stream's. It may wait until what the devices do is known, or ctx ends.
	// An error says in an operator's words why the stream cannot be carried; it wraps
	// ingest.ErrCapacity where that is for want of room.
	Place(ctx context.Context, w Wish) (Grant, error)
	// Elsewhere is what a running stream goes on with after its backend has failed; false
	// where there is no other. It does not wait.
	Elsewhere(stream string, f pipeline.Failure) (pipeline.Backend, bool)
	// Release follows on each Place that gave something, when the stream's worker has gone.
	Release(stream string)
}

// Wish is a stream that is to be encoded.
type Wish struct {
	Stream, Channel string
	Job             pipeline.Job // with all renditions, and no backend
	// Shed is which outputs may be left out: none first, then what viewers miss least.
	Shed [][]int
}

// Grant is what a stream is encoded on.
type Grant struct {
	Backend pipeline.Backend
	Shed    []int // outputs that are not encoded, for want of room
}

// Options is what the hub's streams have in common.
type Options struct {
	Part, Window media.Ticks    // see packager.Options
	Memory       int64          // likewise
	Disk         *packager.Disk // likewise; the hub's Close leaves it open
	Linger       time.Duration  // how long a stream's playlists stay after its end, unless others follow on it
	Devices      Devices
	Transcode    func(pipeline.Job, pipeline.Options) (Transcoder, error)
	Log          *slog.Logger
	// Metadata takes what publishers say to their viewers; nil for nobody. The streams'
	// goroutines call it, so it must not block.
	Metadata func(channel, stream string, m Metadata)

	// Ended is told the last status of each stream, after it is off the air; nil for nobody. It is
	// called as Events is.
	Ended func(Status)

	Terms Terms // until Reload brings others
	// Events hears of what happens to streams; nil for nobody. It is called from several
	// goroutines, without a lock held, and must not block.
	Events func(Event)
}

// Hub keeps the channels and their streams. It lets publishers in
// (ingest.Acceptor, in admission.go) and finds streams for viewers and operators.
type Hub struct {
	options Options

	stop     context.CancelFunc
	context  context.Context
	running  sync.WaitGroup // the streams' goroutines
	refusals refusals

	mu       sync.Mutex // guards what follows, and each stream's desk
	channels *register
	terms    Terms
	onAir    map[string]*live   // by channel id
	streams  map[string]*live   // by stream id; those that have ended linger
	past     map[string][]*past // by channel id, oldest first: those that linger
	draining bool               // no stream begins any more
	closed   bool
}

// NewHub makes a hub for the configuration file's channels.
func NewHub(channels []Channel, o Options) *Hub {
	h := &Hub{
		options: o, channels: newRegister(channels), terms: o.Terms,
		onAir: make(map[string]*live), streams: make(map[string]*live), past: make(map[string][]*past),
	}
	h.context, h.stop = context.WithCancel(context.Background())
	return h
}

// byKey finds a key's channel.
func (h *Hub) byKey(key string) (Channel, bool) {
	d := h.channels.digest(key)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.channels.keyed(key, d)
}

// newLive makes a stream with p as its publisher. The hub's lock is held.
func (h *Hub) newLive(p *publisher) *live {
	id := newID()
	l := &live{
		id: id, channel: p.channel, terms: h.terms, hub: h, current: p, request: p.request, checkup: newCheckup(), since: time.Now(),
		log:   h.options.Log.With("channel", p.channel.ID, "stream", id),
		knock: make(chan struct{}, 1), halt: make(chan struct{}), retired: make(chan struct{}),
		said: make(chan Metadata, sayings),
	}
	l.intake = newIntake(l.channel.Type, l.since)
	l.pulse.next(stall)
	l.report()
	return l
}

// emit tells of an event. The hub's lock is free.
func (h *Hub) emit(e Event) {
	if h.options.Events != nil && h.refusals.news(e.Event) {
		h.options.Events(e)
	}
}

// left tells of a stream that is off the air.
func (h *Hub) left(s Status) {
	if h.options.Ended != nil {
		h.options.Ended(s)
	}
}

// Channel finds the stream that a channel's viewers should watch: ErrNoChannel or
// ErrNotLive where there is none.
func (h *Hub) Channel(channel string) (*packager.Stream, error) {
	h.mu.Lock()
	l := h.onAir[channel]
	_, known := h.channels.channel(channel)
	h.mu.Unlock()
	if l == nil && !known {
		return nil, ErrNoChannel
	}
	return viewed(l)
}

// Stream finds a stream by its id, up to some time after its end: ErrNotLive
// where there is none.
func (h *Hub) Stream(id string) (*packager.Stream, error) {
	h.mu.Lock()
	l := h.streams[id]
	h.mu.Unlock()
	return viewed(l)
}

// ChannelOf is the channel of a stream, up to some time after its end; empty where there is no
// such stream.
func (h *Hub) ChannelOf(stream string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.streams[stream]; l != nil {
		return l.channel.ID
	}
	return ""
}

// Private says whether the stream of an id, up to some time after its end, is of a channel
// that was private when it began. It is asked for each of a viewer's requests, and takes the
// hub's lock as Stream does.
func (h *Hub) Private(stream string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.streams[stream]
	return l != nil && l.channel.Private
}

func viewed(l *live) (*packager.Stream, error) {
	if l == nil {
		return nil, ErrNotLive
	}
	if s := l.packager.Load(); s != nil {
		return s, nil
	}
	return nil, ErrNotLive
}

// Status is what the hub's streams are doing, those that linger excepted
// (Lingering), by channel.
func (h *Hub) Status() []Status {
	list := h.Reports()
	for i := range list {
		list[i].readLink()
		list[i].readWorker()
		list[i].readWindow()
		list[i].readInBand()
	}
	return list
}

// Reports is Status, as the streams' goroutines told it within the last second or so: links,
// workers, windows and messages are not asked for theirs. It costs next to nothing.
func (h *Hub) Reports() []Status {
	h.mu.Lock()
	list := make([]Status, 0, len(h.onAir))
	for _, l := range h.onAir {
		s := *l.status.Load()
		s.readDesk(&l.desk)
		list = append(list, s)
	}
	h.mu.Unlock()
	sort.Slice(list, func(i, j int) bool { return list[i].Channel < list[j].Channel })
	return list
}

// Shed has a stream that is on air encode no more of these of its job's outputs, and all
// others, from its next IDR on. What is not encoded goes on as a copy of the next smaller
// rendition, so that its viewers' players notice another picture size and nothing else; new
// viewers are not offered it.
func (h *Hub) Shed(stream string, outputs []int, why string) {
	h.mu.Lock()
	l := h.streams[stream]
	h.mu.Unlock()
	if l == nil {
		return
	}
	if s := l.status.Load(); s.transcoder != nil {
		level := slog.LevelWarn
		if len(outputs) == 0 {
			level = slog.LevelInfo
		}
		l.log.Log(context.Background(), level, "other renditions are encoded from the next IDR on", "shed", s.shed(outputs), "reason", why)
		s.transcoder.Shed(outputs)
	}
}

// Move has a stream that is on air be encoded by another backend. Its viewers see a standing
// picture up to the next IDR.
func (h *Hub) Move(stream string, b pipeline.Backend) {
	h.mu.Lock()
	l := h.streams[stream]
	h.mu.Unlock()
	if l == nil {
		return
	}
	if t := l.status.Load().transcoder; t != nil {
		t.Move(b)
	}
}

// Transcoding is how the worker of each stream that has one does, by stream.
func (h *Hub) Transcoding() map[string]pipeline.Snapshot {
	h.mu.Lock()
	transcoders := map[string]Transcoder{}
	for _, l := range h.onAir {
		if t := l.status.Load().transcoder; t != nil {
			transcoders[l.id] = t
		}
	}
	h.mu.Unlock()
	snapshots := make(map[string]pipeline.Snapshot, len(transcoders))
	for id, t := range transcoders {
		snapshots[id] = t.Snapshot()
	}
	return snapshots
}

// Close ends every stream: publishers are told, what had been taken from them
// reaches the playlists, and these get their end. It waits for all of that.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop()
	h.running.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range h.past {
		for _, p := range list {
			p.over()
		}
	}
}
