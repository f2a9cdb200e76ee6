// Package feed shows an outbox's events by HTTP, to people and programs that nobody has to let in:
// its listener is loopback's, or an operator's network's.
//
//	GET  /events               events as they come, by server-sent events
//	GET  /events?format=json   those that there were
//	GET  /events/dead          dead letters
//	POST /events/replay        has them sent again
//
// Web pages of others are kept out (guard.go). Who follows is told from the store, so that whoever
// is slow costs no memory; whoever is too slow is cut off, and goes on where it was with
// Last-Event-ID.
//
// Client is the other side, for `ladderd events`.
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"sync"

	"ladderd/control/outbox"
)

const (
	// followersMost is how many may follow at once.
	followersMost = 64
	// PageMost is how many events or letters are told at once.
	PageMost = 10_000
	// pageUsual is how many that are where nobody says.
	pageUsual = 100
	// batch is how many are read from the store at once.
	batch = 100
	// bodyMost is how long a request's body may be, in bytes.
	bodyMost = 4 << 10
)

// Options of a Feed.
type Options struct {
	// Names are this machine's, by which it may be asked beside its addresses and "localhost".
	Names []string
	Log   *slog.Logger
}

// Feed answers requests. Its methods may be called from any goroutine.
type Feed struct {
	outbox  *outbox.Outbox
	options Options
	foreign *http.CrossOriginProtection
	ctx     context.Context // ends with the feed
	stop    context.CancelFunc

	mu        sync.Mutex
	followers int
	serving   sync.WaitGroup
}

// New makes a feed of an outbox's events.
func New(o *outbox.Outbox, options Options) *Feed {
	f := &Feed{outbox: o, options: options, foreign: http.NewCrossOriginProtection()}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// Handle adds the feed's paths.
func (f *Feed) Handle(to *http.ServeMux) {
	to.Handle("GET /events", f.guard(f.events))
	to.Handle("GET /events/dead", f.guard(f.dead))
	to.Handle("POST /events/replay", f.guard(f.replay))
}

// Close ends those who follow, and waits for all answers: nobody asks the outbox afterwards.
func (f *Feed) Close() {
	f.mu.Lock() // nobody enters any more
	f.stop()
	f.mu.Unlock()
	f.serving.Wait()
}

// enter has a request keep the feed open until it leaves.
func (f *Feed) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return false
	}
	f.serving.Add(1)
	return true
}

func (f *Feed) events(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("format") {
	case "", "sse":
		f.follow(w, r)
	case "json":
		f.past(w, r)
	default:
		refuse(w, http.StatusBadRequest, `format: allowed: "sse", "json"`)
	}
}

// Page is what GET /events?format=json answers.
type Page struct {
	// Last is the number of the last event that there is, which Follow goes on behind.
	Last   uint64 `json:"last"`
	Events []Item `json:"events"` // the oldest first
}

// Item is an event and its number: events are numbered as they come.
type Item struct {
	Number uint64          `json:"number"`
	Event  json.RawMessage `json:"event"` // EventBridge's envelope
}

// past answers with the last events, of a channel where the request names one.
func (f *Feed) past(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	page := Page{Last: f.outbox.Last(), Events: []Item{}}
	for after := uint64(0); after < page.Last; {
		list, err := f.outbox.After(r.Context(), after, batch)
		if err != nil {
			f.fail(w, err)
			return
		}
		if len(list) == 0 {
			break
		}
		after = list[len(list)-1].Number
		for _, one := range list {
			if of(r, one) && one.Number <= page.Last {
				page.Events = append(page.Events, Item{one.Number, one.Envelope})
			}
		}
		if over := len(page.Events) - limit; over > 0 {
			page.Events = append([]Item(nil), page.Events[over:]...) // what is left behind is not held
		}
	}
	answer(w, page)
}

// of says whether an event is the channel's that the request names; all are where it names none.
func of(r *http.Request, one outbox.Numbered) bool {
	channel := r.URL.Query().Get("channel")
	return channel == "" || channel == one.Channel
}

// Dead is what GET /events/dead answers.
type Dead struct {
	Dead []outbox.Letter `json:"dead"` // the oldest first
}

func (f *Feed) dead(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	letters, err := f.outbox.Letters(r.Context(), r.URL.Query().Get("receiver"), limit)
	if err != nil {
		f.fail(w, err)
		return
	}
	if letters == nil {
		letters = []outbox.Letter{}
	}
	answer(w, Dead{letters})
}

// Which is what POST /events/replay is asked: which dead letters are to be sent again; all of
// them where it is zero.
type Which struct {
	Receiver string `json:"receiver,omitempty"`
	ID       string `json:"id,omitempty"` // an event's
}

// Replayed is what it answers.
type Replayed struct {
	Replayed int `json:"replayed"`
}

func (f *Feed) replay(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type: allowed: application/json") // pages of others cannot send it
		return
	}
	var which Which
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMost))
	body.DisallowUnknownFields()
	if err := body.Decode(&which); err != nil && !errors.Is(err, io.EOF) {
		refuse(w, http.StatusBadRequest, `the body: allowed: {"receiver": "…", "id": "…"}, or one of both, or none`)
		return
	}
	n, err := f.outbox.Replay(r.Context(), which.Receiver, which.ID)
	if err != nil {
		f.fail(w, err)
		return
	}
	f.options.Log.Info("dead letters are sent again", "events", n, "receiver", which.Receiver, "id", which.ID)
	answer(w, Replayed{n})
}

func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return pageUsual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > PageMost {
		return 0, fmt.Errorf("limit: allowed: 1 to %d", PageMost)
	}
	return n, nil
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(what)
}

// fail answers where the store did not.
func (f *Feed) fail(w http.ResponseWriter, err error) {
	f.options.Log.Warn("a request for events could not be answered", "reason", err)
	refuse(w, http.StatusServiceUnavailable, err.Error())
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.Error(w, why, status)
}
