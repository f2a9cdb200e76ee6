package control

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"ladderd/store"
)

// Channels is who lets publishers in. The follower alone calls it.
type Channels interface {
	Put(Published)
	Remove(id string)
}

// Published is what publishers' and viewers' sides know of a channel.
type Published struct {
	ID, Name, Type, Preset, Latency, Container string
	Insecure                                   bool
	Private                                    bool   // playback is not open to everyone
	Key                                        string // the stream key, a secret; empty where it was deleted
	Passphrase                                 string // of SRT, a secret
}

// channelPrefix is below what the channels are in the store.
const channelPrefix = string(kindChannel) + "/"

// follower hands on each change of a channel, whoever made it: this process, or another one of
// the fleet.
type follower struct {
	store    store.Store
	channels Channels
	log      *slog.Logger
	stop     context.CancelFunc
	done     chan struct{}
	known    map[string]bool // by id; its goroutine's

	mu     sync.Mutex
	seen   int64         // all changes up to this revision have been handed on
	moved  chan struct{} // closed, and made anew, whenever seen grows
	failed error         // why none come at present
}

// again is how long to wait before a watch that broke is begun anew.
const again = 500 * time.Millisecond

// follow hands on all channels that there are, and then each change until close.
func follow(ctx context.Context, s store.Store, c Channels, log *slog.Logger) (*follower, error) {
	f := &follower{store: s, channels: c, log: log, done: make(chan struct{}), known: map[string]bool{}, moved: make(chan struct{})}
	if err := f.list(ctx); err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	f.stop = stop
	go f.run(running)
	return f, nil
}

func (f *follower) close() {
	f.stop()
	<-f.done
}

func (f *follower) run(ctx context.Context) {
	defer close(f.done)
	for {
		err := f.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		f.tell(err)
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return
		}
		if err := f.list(ctx); err != nil {
			f.tell(err)
		}
	}
}

// watch hands on changes as they come, until that breaks.
func (f *follower) watch(ctx context.Context) error {
	w, err := f.store.Watch(ctx, channelPrefix, f.revision())
	if err != nil {
		return err
	}
	f.tell(nil)
	for updates := range w.Updates() {
		last := int64(0)
		for _, u := range updates {
			f.take(u.Entry, u.Deleted)
			last = max(last, u.Revision)
		}
		f.advance(last)
	}
	return w.Err()
}

// list hands on all channels as they are now, and that others have gone.
func (f *follower) list(ctx context.Context) error {
	page, err := f.store.List(ctx, channelPrefix, "", 0)
	if err != nil {
		return fmt.Errorf("list channels: %w", err)
	}
	gone := f.known
	f.known = make(map[string]bool, len(page.Entries))
	for _, e := range page.Entries {
		delete(gone, strings.TrimPrefix(e.Key, channelPrefix))
		f.take(e, false)
	}
	for id := range gone {
		f.channels.Remove(id)
	}
	f.advance(page.Revision)
	return nil
}

// take hands on one channel as it has become. One that cannot be read costs nobody else.
func (f *follower) take(e store.Entry, deleted bool) {
	id := strings.TrimPrefix(e.Key, channelPrefix)
	if deleted {
		delete(f.known, id)
		f.channels.Remove(id)
		return
	}
	var c channelRecord
	if err := json.Unmarshal(e.Value, &c); err != nil {
		f.log.Error("a channel of the store cannot be read", "channel", id, "reason", err)
		return
	}
	f.known[id] = true
	f.channels.Put(c.published())
}

func (c *channelRecord) published() Published {
	p := Published{
		ID: c.ID, Name: c.Name, Type: c.Type, Preset: c.Preset, Latency: c.Latency, Container: c.Container,
		Insecure: c.Insecure, Private: c.Authorized || c.Policy != "", Passphrase: c.Passphrase,
	}
	if c.Key != nil {
		p.Key = c.Key.Value
	}
	return p
}

func (f *follower) revision() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

func (f *follower) advance(to int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if to > f.seen {
		f.seen = to
		close(f.moved)
		f.moved = make(chan struct{})
	}
}

// behindMost is how long an answer waits for its own change to be handed on. The change is
// made, whatever becomes of that.
const behindMost = 2 * time.Second

// await waits until the change of this revision has been handed on.
func (f *follower) await(ctx context.Context, revision int64) {
	ctx, done := context.WithTimeout(ctx, behindMost)
	defer done()
	for {
		f.mu.Lock()
		reached, moved := f.seen >= revision, f.moved
		f.mu.Unlock()
		if reached {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			f.log.Warn("a channel's change is stored, and publishers do not know of it yet")
			return
		}
	}
}

// tell logs when changes stop coming and when they come again.
func (f *follower) tell(err error) {
	f.mu.Lock()
	was := f.failed
	f.failed = err
	f.mu.Unlock()
	switch {
	case err != nil && was == nil:
		f.log.Error("changes of channels are not heard of; what is known stays in use", "reason", err)
	case err == nil && was != nil:
		f.log.Info("changes of channels are heard of again")
	}
}

// trouble says why no changes come; empty where they do.
func (f *follower) trouble() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		return ""
	}
	return f.failed.Error()
}
