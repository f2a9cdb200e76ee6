package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/load/wire"
)

// client is a way to ask: wire.Conn or wire.Shared.
type client interface {
	Get(t wire.Target, keepBody bool, timeout time.Duration) (wire.Reply, error)
	Close()
}

// Patience with a request, and the pauses after failed ones (hls.js's load policies,
// where they are simpler here: a viewer never gives up).
const (
	patience   = 20 * time.Second
	firstPause = time.Second
	lastPause  = 8 * time.Second
	// rejoinAfter is how many failures of a playlist in a row make a viewer begin
	// anew, with the multivariant playlist.
	rejoinAfter = 3
)

// viewer is one. Its two loops share the listing; all else belongs to one of them.
type viewer struct {
	run       *run
	number    int
	playlists client
	media     client // the same one where connections are shared

	listing atomic.Pointer[listing]
	news    chan struct{} // filled when there is another listing

	began     time.Time
	catalogue *catalogue
	base      wire.Target                 // of the media playlist, as it is listed
	place     atomic.Pointer[wire.Target] // where the playlist came from; set before listing
	player    player
	counted   bool // whether the player counts from the beginning of the measurement
}

func newViewer(r *run, number int) *viewer {
	v := &viewer{run: r, number: number, news: make(chan struct{}, 1)}
	if r.shared {
		v.playlists = wire.NewShared(r.tls)
		v.media = v.playlists
	} else {
		v.playlists, v.media = wire.NewConn(r.tls), wire.NewConn(r.tls)
	}
	return v
}

// watch returns when the stream has ended and is played out, or with ctx.
func (v *viewer) watch(ctx context.Context) {
	stop := context.AfterFunc(ctx, v.close)
	defer v.close()
	defer stop()
	v.began = time.Now()
	for ctx.Err() == nil {
		if err := v.join(ctx); err != nil {
			return
		}
		if v.play(ctx) {
			return
		}
	}
}

func (v *viewer) close() {
	v.playlists.Close()
	v.media.Close()
}

// join finds the media playlist, as often as it takes; its error is the context's.
func (v *viewer) join(ctx context.Context) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		ok, err := v.tryJoin()
		if ok || ctx.Err() != nil {
			return ctx.Err()
		}
		v.run.failed("multivariant playlist", err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (v *viewer) tryJoin() (bool, error) {
	r, at, err := v.get(v.playlists, v.run.target, true)
	if err != nil {
		return false, err
	}
	choices, err := choicesOf(r, at)
	if err != nil {
		return false, err
	}
	choice, err := v.run.choose(choices, v.number)
	if err != nil {
		return false, err
	}
	v.base = choice.target
	v.catalogue = v.run.catalogueOf(choice.name)
	return true, nil
}

// play follows the playlist and loads what it lists. It says whether the viewer is
// done: else the playlist has gone, and another one may be there.
func (v *viewer) play(ctx context.Context) (done bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v.listing.Store(nil)
	var both sync.WaitGroup
	both.Go(func() {
		v.load(ctx)
		cancel()
	})
	lost := v.follow(ctx)
	if lost {
		cancel()
	}
	both.Wait()
	v.settle()
	return !lost
}

// follow reloads the playlist until it ends; lost says that it was not there any more.
func (v *viewer) follow(ctx context.Context) (lost bool) {
	failures, whole := 0, time.Time{}
	for ctx.Err() == nil {
		before := v.listing.Load()
		delta := before != nil && before.skip && time.Since(whole) < before.media.Control.SkipUntil/2
		l, err := v.reload(before, delta)
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			v.run.failed("playlist", err)
			if failures++; failures >= rejoinAfter {
				return true
			}
			whole = time.Time{} // no delta update next
			if sleep(ctx, min(firstPause<<failures, lastPause)) != nil {
				return false
			}
			continue
		}
		failures = 0
		// A delta update makes a whole playlist of the one before it.
		whole = time.Now()
		v.listing.Store(l)
		select {
		case v.news <- struct{}{}:
		default:
		}
		if l.media.Ended || v.between(ctx, before, l) != nil {
			return false
		}
	}
	return false
}

// between waits for as long as a player does before it reloads: not at all where the
// server holds the request until there is something new (hls.js's
// computeReloadInterval).
func (v *viewer) between(ctx context.Context, before, l *listing) error {
	same := before != nil && before.next == l.next
	if l.reload != "" && !same {
		return nil
	}
	wait := l.media.Target
	if n := len(l.media.Segments); n > 0 {
		wait = min(wait, l.media.Segments[n-1].Duration)
	}
	if same {
		wait = l.media.Target / 2
	}
	return sleep(ctx, max(wait, 100*time.Millisecond))
}

func (v *viewer) reload(before *listing, delta bool) (*listing, error) {
	t := v.base
	held := before != nil && before.reload != ""
	if held {
		query := before.reload
		if delta {
			query = before.skipping
		}
		t = t.With(query)
	}
	asked := time.Now()
	r, at, err := v.get(v.playlists, t, true)
	if err != nil {
		return nil, err
	}
	l, err := v.catalogue.read(r.Body, r.Gzip, before, r.Last)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPlaylist, err)
	}
	if place := v.place.Load(); place == nil || place.Origin != at.Origin || place.Dir != at.Dir {
		v.place.Store(&at)
	}
	v.run.playlist(held, r.Last.Sub(asked), r.Last.Sub(l.seen))
	return l, nil
}

// place is how far a viewer has come; the zero place is nowhere.
type place struct {
	cursor
	init   initSection // that was fetched last
	joined bool
}

// load fetches piece after piece, and waits for the playlist where none is listed.
func (v *viewer) load(ctx context.Context) {
	var at place
	for ctx.Err() == nil {
		l := v.listing.Load()
		if l == nil || !at.joined && !v.begin(l, &at) {
			v.await(ctx)
			continue
		}
		p, next, is := l.find(at.cursor)
		switch is {
		case over:
			return
		case gone:
			v.run.failed("media", errBehind)
			at = place{}
		case later:
			v.await(ctx)
		case found:
			if v.take(ctx, &p, &at) {
				at.cursor = next
			}
		}
	}
}

// begin joins at the place where hls.js does, if there is one yet.
func (v *viewer) begin(l *listing, at *place) bool {
	from, lead, ok := l.begin()
	if ok {
		*at = place{cursor: from, joined: true}
		v.player.advance(time.Now())
		v.player.begin(lead)
	}
	return ok
}

// take fetches a piece, behind its init section where that is new, and plays it.
func (v *viewer) take(ctx context.Context, p *piece, at *place) bool {
	if !p.gap {
		if p.init != at.init && p.init.uri != "" {
			if !v.fetch(ctx, kindInit, &piece{uri: p.init.uri, span: p.init.span}) {
				return false
			}
			at.init = p.init
		}
		if !v.fetch(ctx, kindOf(p), p) {
			return false
		}
	}
	v.show(p)
	return true
}

// await waits for another listing, or for ctx.
func (v *viewer) await(ctx context.Context) {
	select {
	case <-v.news:
	case <-ctx.Done():
	}
}

// fetch says whether a piece has come; if not, the viewer has waited a while.
func (v *viewer) fetch(ctx context.Context, k kind, p *piece) bool {
	t, err := v.place.Load().Resolve(p.uri)
	var r wire.Reply
	asked := time.Now()
	if err == nil {
		t.Range = p.span
		r, _, err = v.get(v.media, t, false)
	}
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		v.run.failed(k.String(), err)
		_ = sleep(ctx, firstPause) // the caller looks at ctx
		return false
	}
	v.run.media(k, r.Last.Sub(asked), p.there, r.Last)
	return true
}

// show plays a piece that has come.
func (v *viewer) show(p *piece) {
	now := time.Now()
	if !v.counted && v.run.measuring() {
		v.player.forget(now)
		v.counted = true
	}
	if v.player.add(now, p.length, p.end) {
		v.run.started(now.Sub(v.began))
	}
	if behind, ok := v.player.latency(); ok {
		v.run.plays(behind)
	}
}

// settle hands in what the player counted. What a stream's end leaves unplayed is
// no stall.
func (v *viewer) settle() {
	if l := v.listing.Load(); l == nil || !l.media.Ended {
		v.player.advance(time.Now())
	}
	if v.counted {
		v.run.stalled(v.player.stalls, v.player.waited)
		v.player.forget(time.Now())
	}
}

var (
	errPlaylist = errors.New("not a playlist that can be played")
	errBehind   = errors.New("fell out of the playlist's window")
)

// badStatus is an answer other than 200 or 206.
type badStatus int

func (s badStatus) Error() string { return fmt.Sprintf("status %d", int(s)) }

func statusError(r wire.Reply) error {
	if r.Status == http.StatusOK || r.Status == http.StatusPartialContent {
		return nil
	}
	return badStatus(r.Status)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
