package playback

import (
	"context"
	"log/slog"
	"net/http"

	"ladderd/packager"
)

// Config says whose channels are served.
type Config struct {
	Region, Account string       // as in the playback URL
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
}

// Handler answers viewers.
type Handler struct {
	config Config
	live   Live
	mux    *http.ServeMux
}

// NewHandler makes the handler of a server of one account's channels.
func NewHandler(c Config, live Live) *Handler {
	h := &Handler{config: c, live: live, mux: http.NewServeMux()}
	h.mux.HandleFunc(channelPattern, h.channel)
	h.mux.HandleFunc(playlistPattern, h.playlist)
	h.mux.HandleFunc(mediaPattern, h.media)
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.fail(w, r, errNoPage) })
	return h
}

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
		h.mux.ServeHTTP(w, r)
	case http.MethodOptions:
		preflight(w)
	default:
		w.Header().Set("Allow", allowedMethods)
		h.fail(w, r, errMethod)
	}
}

func (h *Handler) channel(w http.ResponseWriter, r *http.Request) {
	id, err := h.channelOf(r.PathValue("playlist"))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	stream, err := h.live.Channel(id)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	audioOnly := r.URL.Query().Get("allow_audio_only") == "true"
	doc, err := stream.Multivariant(mediaPrefix(stream.ID()), audioOnly)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	// The URL is the channel's: its next broadcast has another playlist.
	sendDocument(w, r, doc, "no-cache")
}

func (h *Handler) playlist(w http.ResponseWriter, r *http.Request) {
	query, err := directives(r.URL.Query())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	rendition, err := h.rendition(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	doc, err := rendition.Playlist(r.Context(), query)
	if err != nil {
		h.fail(w, r, cancelled(r.Context(), err))
		return
	}
	sendDocument(w, r, doc, documentCaching(doc))
}

func (h *Handler) media(w http.ResponseWriter, r *http.Request) {
	rendition, err := h.rendition(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	res, err := rendition.Media(r.Context(), r.PathValue("media"))
	if err != nil {
		h.fail(w, r, cancelled(r.Context(), err))
		return
	}
	defer res.Close()
	h.sendResource(w, r, res)
}

func (h *Handler) rendition(r *http.Request) (*packager.Rendition, error) {
	stream, err := h.live.Stream(r.PathValue("stream"))
	if err != nil {
		return nil, err
	}
	rendition, ok := stream.Rendition(r.PathValue("rendition"))
	if !ok {
		return nil, errNoRendition
	}
	return rendition, nil
}

// cancelled names what ended a request's context in place of the packager's plain
// context error.
func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
