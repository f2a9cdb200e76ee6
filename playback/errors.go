package playback

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"ladderd/packager"
)

// What Live answers where it has no stream.
var (
	ErrNoChannel = errors.New("there is no such channel")
	ErrNotLive   = errors.New("the channel is not live")
	ErrNoStream  = errors.New("there is no such stream, or it ended a while ago")
)

// ErrDenied is what Rules answer to whoever may not watch a private channel.
var ErrDenied = errors.New("the channel is private: it is authorized, or has a playback restriction policy, and this version of the server takes no playback tokens")

// ErrViewLimit is what Rules answer once as many watch as may.
var ErrViewLimit = errors.New("the limit of concurrent views is reached")

var (
	errNoRendition = errors.New("the stream has no such rendition")
	errMethod      = errors.New("only GET, HEAD and OPTIONS are served")
	errBadQuery    = errors.New("malformed delivery directive")
	errRange       = errors.New("the range lies outside of the resource")
	// errClosing is the cause of the server's context once it shuts down.
	errClosing = errors.New("the server is shutting down")
)

// failure is how one error is told to a viewer. The codes of a channel that is
// unknown, off the air or private are those of the real service.
type failure struct {
	err    error
	status int
	code   string
}

// catalogue is searched from the top for the first entry that the error wraps.
var catalogue = []failure{
	{ErrNotLive, http.StatusNotFound, "transcode_does_not_exist"},
	{packager.ErrNotReady, http.StatusNotFound, "transcode_does_not_exist"},
	{ErrNoChannel, http.StatusNotFound, "can_not_find_channel"},
	{ErrNoStream, http.StatusNotFound, "can_not_find_stream"},
	{errNoSession, http.StatusNotFound, "can_not_find_session"},
	{ErrDenied, http.StatusForbidden, "invalid_playback_auth_token"},
	{ErrViewLimit, http.StatusTooManyRequests, "view_limit_reached"},
	{errNoRendition, http.StatusNotFound, "can_not_find_rendition"},
	{packager.ErrNotFound, http.StatusNotFound, "can_not_find_media"},
	{errNoPage, http.StatusNotFound, "not_found"},
	{errMethod, http.StatusMethodNotAllowed, "method_not_allowed"},
	{errBadQuery, http.StatusBadRequest, "invalid_delivery_directive"},
	{packager.ErrQuery, http.StatusBadRequest, "invalid_delivery_directive"},
	{packager.ErrTooFarAhead, http.StatusBadRequest, "too_far_ahead"},
	{errRange, http.StatusRequestedRangeNotSatisfiable, "invalid_range"},
	{packager.ErrUnmet, http.StatusServiceUnavailable, "media_not_in_time"},
	{errClosing, http.StatusServiceUnavailable, "shutting_down"},
	// The viewer has gone and reads nothing of this; a proxy between may.
	{context.Canceled, http.StatusServiceUnavailable, "request_cancelled"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "request_cancelled"},
}

// body is the real service's error body, an array of one.
type body struct {
	URL   string `json:"url"` // without its query, which may hold a playback token
	Error string `json:"error"`
	Code  string `json:"error_code"`
	Type  string `json:"type"`
}

// fail answers with what went wrong. An error that is in no catalogue is ours: it
// is logged, and its text kept from the viewer.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	text := err.Error()
	f, known := lookUp(err)
	if !known {
		h.config.Log.Error("playback request failed", slog.String("path", unnamed(r.URL.Path)), slog.Any("error", err))
		f = failure{status: http.StatusInternalServerError, code: "internal_error"}
		text = "internal error"
	}
	encoded, err := json.Marshal([]body{{URL: publicURL(r), Error: text, Code: f.code, Type: "error"}})
	if err != nil {
		encoded = nil // strings alone cannot fail
	}
	head := w.Header()
	head.Set("Cache-Control", noStore)
	head.Set("Content-Type", "application/json")
	head.Set("Content-Length", strconv.Itoa(len(encoded)))
	if f.status == http.StatusServiceUnavailable {
		head.Set("Retry-After", "1")
	}
	send(w, r, f.status, time.Time{}, encoded)
}

func lookUp(err error) (failure, bool) {
	for _, f := range catalogue {
		if errors.Is(err, f.err) {
			return f, true
		}
	}
	return failure{}, false
}

func publicURL(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + r.URL.EscapedPath()
}
