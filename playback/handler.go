package playback

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ladderd/packager"
)

// Config says whose channels are served.
type Config struct {
	Region, Account string       // as in the playback URL
	Rules           Rules        // nil admits everyone
	Log             *slog.Logger // of what is our own fault; never nil
}

// Live finds streams. Its methods are called from any number of goroutines and
// answer at once.
type Live interface {
	// Channel is the stream that a channel has on the air; ErrNotLive or
	// ErrNoChannel where there is none.
	Channel(id string) (*packager.Stream, error)
	// Stream is a stream by its own id, for some time past its end too, so that
	// viewers reach the end; ErrNoStream where there is none.
	Stream(id string) (*packager.Stream, error)
	// ChannelOf is the channel of a stream that Stream finds. It is asked once for each that is
	// watched.
	ChannelOf(stream string) string
}

// Handler answers viewers.
type Handler struct {
	config   Config
	channels string // what the names of this account's playlists begin with
	live     Live
	sessions *sessions
	views    *views
	sent     *deliveries
}

// NewHandler makes the handler of a server of one account's channels.
func NewHandler(c Config, live Live) *Handler {
	if c.Rules == nil {
		c.Rules = everyone{}
	}
	return &Handler{
		config: c, channels: c.Region + "." + c.Account + ".channel.",
		live: live, sessions: newSessions(), views: newViews(), sent: newDeliveries(),
	}
}

// Views is how many viewer sessions download the stream of that id now. Requests
// without a session, and what a cache before us answers, are not counted.
func (h *Handler) Views(stream string) int { return h.views.of(stream, time.Now()) }

// AllViews is how many sessions watch any stream.
func (h *Handler) AllViews() int { return h.views.all(time.Now()) }

// Audience is how many sessions watch each stream that has any, by its id.
func (h *Handler) Audience() map[string]int { return h.views.audience(time.Now()) }

// Delivered is what each channel's viewers have been sent so far. Who asks each second sees
// all of it: a channel of which nothing was sent for an hour may begin anew at 0.
func (h *Handler) Delivered() []Delivered { return h.sent.all(h.live, time.Now()) }

// ServeHTTP implements http.Handler. Every answer carries the CORS headers, since
// a browser hides even the status of one that does not.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allowOrigins(w.Header())
	if r.ContentLength != 0 {
		// Nobody reads a body here, and net/http would wait for it before the
		// connection's next request.
		w.Header().Set("Connection", "close")
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if err := h.get(w, r); err != nil {
			h.fail(w, r, err)
		}
	case http.MethodOptions:
		preflight(w)
	default:
		w.Header().Set("Allow", allowedMethods)
		h.fail(w, r, errMethod)
	}
}

// get answers, or says why it cannot and has written nothing.
func (h *Handler) get(w http.ResponseWriter, r *http.Request) error {
	if playlist, ok := strings.CutPrefix(r.URL.Path, channelPrefix); ok {
		return h.channel(w, r, playlist)
	}
	p, ok := placeOf(r.URL.Path)
	if !ok {
		return errNoPage
	}
	if err := h.admit(p, r); err != nil {
		return err
	}
	stream, err := h.live.Stream(p.stream)
	if err != nil {
		return err
	}
	rendition, ok := stream.Rendition(p.rendition)
	if !ok {
		return errNoRendition
	}
	if p.name == playlistName {
		return h.playlist(w, r, rendition)
	}
	return h.media(w, r, rendition, p)
}

// admit lets a request below a stream in. A session is a view from its first media
// on: who only looks at a playlist, as the player page does while it waits, is none.
func (h *Handler) admit(p place, r *http.Request) error {
	now := time.Now()
	active := p.session != "" && h.views.active(p.session, p.stream, now)
	if p.session != "" && !active && !h.sessions.genuine(p.session, p.stream) {
		return errNoSession
	}
	if err := h.config.Rules.Admit(Viewer{Stream: p.stream, Session: p.session, Active: active}, r); err != nil {
		return err
	}
	if p.session != "" && !active && p.name != playlistName {
		h.views.begin(p.session, p.stream, now)
	}
	return nil
}

// channel answers with a multivariant playlist whose URIs carry a new session. No
// cache may keep it: two viewers would be one.
func (h *Handler) channel(w http.ResponseWriter, r *http.Request, playlist string) error {
	id, err := h.channelOf(playlist)
	if err != nil {
		return err
	}
	stream, err := h.live.Channel(id)
	if err != nil {
		return err
	}
	if err := h.config.Rules.Admit(Viewer{Channel: id, Stream: stream.ID()}, r); err != nil {
		return err
	}
	audioOnly := r.URL.Query().Get("allow_audio_only") == "true"
	doc, err := stream.Multivariant(mediaPrefix(h.sessions.mint(stream.ID()), stream.ID()), audioOnly)
	if err != nil {
		return err
	}
	sendDocument(w, r, doc, noStore)
	return nil
}

func (h *Handler) playlist(w http.ResponseWriter, r *http.Request, rendition *packager.Rendition) error {
	query := packager.Plain
	if r.URL.RawQuery != "" {
		values, _ := url.ParseQuery(r.URL.RawQuery) // what of it can be read
		var err error
		if query, err = directives(values); err != nil {
			return err
		}
	}
	doc, err := rendition.Playlist(r.Context(), query)
	if err != nil {
		return cancelled(r.Context(), err)
	}
	sendDocument(w, r, doc, documentCaching(doc))
	return nil
}

func (h *Handler) media(w http.ResponseWriter, r *http.Request, rendition *packager.Rendition, p place) error {
	res, err := rendition.Media(r.Context(), p.name)
	if err != nil {
		return cancelled(r.Context(), err)
	}
	defer res.Close()
	return sendResource(w, r, res, h.sent.of(p.stream, h.live))
}

// cancelled names what ended a request's context in place of the packager's plain
// context error.
func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
