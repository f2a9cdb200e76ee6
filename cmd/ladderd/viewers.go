package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"ladderd/config"
	"ladderd/console"
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

// channelPages has below /watch/ a page for each channel that plays it.
func channelPages(cfg *config.Config) (*http.ServeMux, error) {
	pages := http.NewServeMux()
	for _, c := range cfg.Channels {
		page, err := console.Player(console.Page{
			Title: c.Name, PlaybackURL: playback.PlaybackPath(cfg.Server.Region, cfg.Server.Account, c.ID),
		})
		if err != nil {
			return nil, fmt.Errorf("make the player page of channel %s: %w", c.ID, err)
		}
		at := watchPath(c.ID)
		pages.Handle(at, http.StripPrefix(strings.TrimSuffix(at, "/"), page))
	}
	return pages, nil
}

// viewerHandler serves playback, and the channels' pages as they are at each request. All
// else is playback's, whatever its path: a mux above both would redirect paths such as
// //hls without the CORS headers.
func viewerHandler(pages *atomic.Pointer[http.ServeMux], play http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/watch/") {
			if page, at := pages.Load().Handler(r); at != "" {
				page.ServeHTTP(w, r)
				return
			}
		}
		play.ServeHTTP(w, r)
	})
}

// watchPath is where a channel's page is.
func watchPath(id string) string { return "/watch/" + id + "/" }
