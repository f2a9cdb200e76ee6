package main

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/config"
	"ladderd/console"
	"ladderd/event"
	"ladderd/packager"
	"ladderd/playback"
	"ladderd/stream"
)

// viewers shows the hub's streams to playback, which does not know the hub.
type viewers struct{ hub *stream.Hub }

func (v viewers) Channel(id string) (*packager.Stream, error) {
	s, err := v.hub.Channel(id)
	switch {
	case errors.Is(err, stream.ErrNoChannel):
		return nil, playback.ErrNoChannel
	case err != nil:
		return nil, playback.ErrNotLive
	}
	return s, nil
}

func (v viewers) Stream(id string) (*packager.Stream, error) {
	s, err := v.hub.Stream(id)
	if err != nil {
		return nil, playback.ErrNoStream
	}
	return s, nil
}

// ChannelOf is playback.Live's.
func (v viewers) ChannelOf(stream string) string { return v.hub.ChannelOf(stream) }

// known says whether there is such a channel.
func (v viewers) known(id string) bool {
	_, err := v.hub.Channel(id)
	return !errors.Is(err, stream.ErrNoChannel)
}

// privacy keeps everybody out of private channels: there are no playback tokens yet with
// which anybody could show that he may watch.
type privacy struct{ hub *stream.Hub }

// Admit is playback.Rules'.
func (p privacy) Admit(v playback.Viewer, _ *http.Request) error {
	if p.hub.Private(v.Stream) {
		return playback.ErrDenied
	}
	return nil
}

// admittance asks several rules. The first that refuses counts.
type admittance []playback.Rules

// Admit is playback.Rules'.
func (a admittance) Admit(v playback.Viewer, r *http.Request) error {
	for _, rule := range a {
		if err := rule.Admit(v, r); err != nil {
			return err
		}
	}
	return nil
}

// crowd keeps viewers out where as many watch as may (guide, line 8910). Who watches goes on.
type crowd struct {
	views   func() int
	tell    func(stream.Event)
	most    atomic.Int64
	refused atomic.Int64 // requests, since the start
	silent  atomic.Int64 // until when nothing is told, in Unix nanoseconds
}

// crowdPause is how long after a breach the next one is told: each player tries again and again.
const crowdPause = 10 * time.Second

// Admit is playback.Rules'.
func (c *crowd) Admit(v playback.Viewer, _ *http.Request) error {
	if v.Active {
		return nil
	}
	most, views := int(c.most.Load()), c.views()
	if views < most {
		return nil
	}
	c.refused.Add(1)
	now := time.Now()
	if until := c.silent.Load(); now.UnixNano() >= until && c.silent.CompareAndSwap(until, now.Add(crowdPause).UnixNano()) {
		c.tell(stream.Event{Event: event.ConcurrentViewers(now, event.Excess{Limit: most, By: views + 1 - most})})
	}
	return playback.ErrViewLimit
}

// pages has below /watch/ a page for each channel that plays it: for those of the file, and for
// those that the API has made, which are not known before they are asked for.
type pages struct {
	known           func(id string) bool
	region, account string
	titles          map[string]string // by id, of the file's channels
	made            sync.Map          // http.Handler by id
}

func newPages(cfg *config.Config, known func(id string) bool) *pages {
	p := &pages{known: known, region: cfg.Server.Region, account: cfg.Server.Account, titles: map[string]string{}}
	for _, c := range cfg.Channels {
		p.titles[c.ID] = c.Name
	}
	return p
}

// page is nil where the path is no channel's.
func (p *pages) page(path string) http.Handler {
	id, _, whole := strings.Cut(strings.TrimPrefix(path, "/watch/"), "/")
	if !p.known(id) {
		p.made.Delete(id)
		return nil
	}
	if !whole {
		return http.RedirectHandler(watchPath(id), http.StatusMovedPermanently)
	}
	if made, ok := p.made.Load(id); ok {
		return made.(http.Handler)
	}
	page, err := console.Player(console.Page{
		Title: cmp.Or(p.titles[id], id), PlaybackURL: playback.PlaybackPath(p.region, p.account, id),
	})
	if err != nil {
		return nil // no id makes a path that is no URL
	}
	handler := http.StripPrefix(strings.TrimSuffix(watchPath(id), "/"), page)
	p.made.Store(id, handler)
	return handler
}

// viewerHandler serves playback, and the channels' pages as they are at each request. All
// else is playback's, whatever its path: a mux above both would redirect paths such as
// //hls without the CORS headers.
func viewerHandler(now *atomic.Pointer[pages], play http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/watch/") {
			if page := now.Load().page(r.URL.Path); page != nil {
				page.ServeHTTP(w, r)
				return
			}
		}
		play.ServeHTTP(w, r)
	})
}

// watchPath is where a channel's page is.
func watchPath(id string) string { return "/watch/" + id + "/" }
