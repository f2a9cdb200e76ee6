package playback

import "net/http"

// Rules decide who may watch. Admit is called from any number of goroutines, for
// each request for a live channel or below a stream: it must answer at once, and not
// write to the request, whose header other viewers have too.
type Rules interface {
	// Admit's error is told to the viewer as the catalogue says: ErrViewLimit is
	// 429, ErrDenied 403.
	Admit(Viewer, *http.Request) error
}

// Viewer is who asks.
type Viewer struct {
	// Channel is set in a request for the multivariant playlist, with which a
	// viewer session begins; Session and Active are empty then.
	Channel string
	Stream  string // the stream's id
	// Session is the viewer session of a request below the multivariant playlist,
	// empty where the URL has none. It is genuine.
	Session string
	// Active is true where the session is a view already: it has begun to download
	// media, and asked for something within the last half minute. A limit of views,
	// which Handler.Views counts, is for those who are not.
	Active bool
}

// everyone admits all viewers, with a session or without.
type everyone struct{}

func (everyone) Admit(Viewer, *http.Request) error { return nil }
