package admission

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
	"ladderd/schedule"
)

// Options sets a Control up.
type Options struct {
	Log *slog.Logger
	// CPU is the machine's processor, which is there before anything was tried.
	CPU gpu.Device
	// Part is how far behind its source no stream may fall: a part of a playlist.
	Part time.Duration
	// Network (bits per second) and Disk (bytes per second) are what the machine has of
	// them; 0 is no limit.
	Network, Disk int64
}

// Control decides what each stream is made on.
type Control struct {
	log  *slog.Logger
	part time.Duration
	host gpu.Capacity

	mu       sync.Mutex // guards what follows
	ledger   *schedule.Ledger
	proofs   []gpu.Proof   // of the devices that are known
	settled  bool          // these are all
	learned  chan struct{} // closed, and replaced, when proofs come
	channels map[string]Channel
	others   Policy                // of all channels that are not among these
	carried  map[string]*carried   // by stream
	devices  map[string]*condition // by ID in the books
	said     []line                // for the log, once the lock is free
	unseated []string              // channels whose reserved room there is none for, as the log knows
}

// line is one of the log's.
type line struct {
	level slog.Level
	text  string
	about []any
}

// say has something in the log once the lock is free: whoever writes it may have to wait. The
// lock is held.
func (c *Control) say(level slog.Level, text string, about ...any) {
	c.said = append(c.said, line{level, text, about})
}

// unlock frees the lock, and logs what there is to say.
func (c *Control) unlock() {
	said := c.said
	c.said = nil
	c.mu.Unlock()
	for _, l := range said {
		c.log.Log(context.Background(), l.level, l.text, l.about...)
	}
}

// Channel is what is to be heeded of a channel.
type Channel struct {
	Policy Policy
	// Reserved is the largest job that room is always kept for; nil for none.
	Reserved *pipeline.Job
}

// carried is a stream that has a lease.
type carried struct {
	wish    Wish
	policy  Policy
	backend pipeline.Backend
	lease   planned // its Ladder is an index into wish.Shed
	told    int     // which of these its worker was told of
	began   time.Time
	ready   bool // its worker has been seen to work, so that it can be told something
	pulse   pulse
}

// condition is how a device does.
type condition struct {
	fullUntil time.Time // its driver opened no more encoders
	others    schedule.Amount
	trying    bool   // somebody finds out whether it works again
	why       string // it is left alone; of old where it is not
	pace      pace
}

// New is a control that knows of no device but the CPU, and of that nothing.
func New(o Options) (*Control, error) {
	c := &Control{
		log: o.Log, part: o.Part, host: gpu.Capacity{Network: o.Network, Disk: o.Disk},
		learned: make(chan struct{}), channels: map[string]Channel{}, carried: map[string]*carried{}, devices: map[string]*condition{},
		ledger: schedule.New(schedule.Options{OneAlways: true}),
	}
	c.proofs = []gpu.Proof{{Device: o.CPU}}
	return c, c.ledger.Add(gpu.Books(c.proofs[0], c.host))
}

// Heed takes what is wanted of each of these channels and of all others, and how streams are
// spread, from now on. Streams that run keep what they have.
func (c *Control) Heed(channels map[string]Channel, others Policy, spread bool) {
	c.mu.Lock()
	defer c.unlock()
	c.ledger.Spread(spread)
	for id, old := range c.channels {
		if old.Reserved != nil && channels[id].Reserved == nil {
			c.ledger.Reserve(id, nil)
		}
	}
	c.channels, c.others = maps.Clone(channels), others.normal()
	for id, channel := range c.channels {
		channel.Policy = channel.Policy.normal()
		c.channels[id] = channel
	}
	c.reserve()
}

// Learn tells what one device does. More are to come.
func (c *Control) Learn(p gpu.Proof) {
	c.mu.Lock()
	defer c.unlock()
	c.know(p)
	c.tell()
}

// Settle tells what all devices do.
func (c *Control) Settle(proofs []gpu.Proof) {
	c.mu.Lock()
	defer c.unlock()
	for _, p := range proofs {
		c.know(p)
	}
	c.settled = true
	c.tell()
	c.seats()
}

// seats tells which channels have lost the room that they have reserved, and which have it again.
// The lock is held.
func (c *Control) seats() {
	now := c.ledger.Unseated()
	for _, id := range now {
		if !slices.Contains(c.unseated, id) {
			c.say(slog.LevelWarn, "there is no room for a channel that has it reserved: it may be refused", "channel", id)
		}
	}
	for _, id := range c.unseated {
		if !slices.Contains(now, id) {
			c.say(slog.LevelInfo, "a channel has its reserved room again", "channel", id)
		}
	}
	c.unseated = now
}

// know puts a device into the books. The lock is held.
func (c *Control) know(p gpu.Proof) {
	i := slices.IndexFunc(c.proofs, func(old gpu.Proof) bool { return old.Device.Use() == p.Device.Use() })
	if i < 0 {
		c.proofs = append(slices.Clip(c.proofs), p)
	} else {
		c.proofs = slices.Clone(c.proofs)
		c.proofs[i] = p
	}
	if p.Device.Problem != "" {
		return
	}
	if err := c.ledger.Add(gpu.Books(p, c.host)); err != nil {
		c.say(slog.LevelError, "a device is not used", "device", p.Device.ID, "reason", err)
	}
}

// tell wakes who waits. The lock is held.
func (c *Control) tell() {
	c.reserve()
	close(c.learned)
	c.learned = make(chan struct{})
}

// reserve keeps room for the channels that are to have it. The lock is held.
func (c *Control) reserve() {
	for _, id := range slices.Sorted(maps.Keys(c.channels)) {
		channel := c.channels[id]
		if channel.Reserved == nil {
			continue
		}
		list, err := channel.Policy.Backends(c.proofs)
		if err != nil {
			continue // Settle tells
		}
		c.ledger.Reserve(id, gpu.Ways(c.proofs, list, *channel.Reserved))
	}
}

// of is a device's condition. The lock is held.
func (c *Control) of(id string) *condition {
	d := c.devices[id]
	if d == nil {
		d = &condition{}
		c.devices[id] = d
	}
	return d
}
