package feed

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ladderd/control/outbox"
)

const (
	// silence is after how long without an event something is sent, so that both sides, and
	// proxies between them, know that the connection is alive.
	silence = 15 * time.Second
	// patience is how long a follower may take for what it is sent at once.
	patience = 10 * time.Second
	// comeBack is after how long browsers connect again.
	comeBack = 2 * time.Second
)

// follow sends events as they come (HTML, "Server-sent events"): an event's id is its number. It
// begins behind the one that the request names as the last that it has seen, else with the next
// one.
func (f *Feed) follow(w http.ResponseWriter, r *http.Request) {
	after, err := f.lastSeen(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if !f.join() {
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d follow already", followersMost))
		return
	}
	defer f.leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(f.ctx, cancel)()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold them back
	to := &follower{w: w, by: http.NewResponseController(w), request: r}
	// The server's time for a request is not for one that stays; with it net/http would
	// take the connection for broken when it is over.
	_ = to.by.SetReadDeadline(time.Time{})
	if err := to.send(fmt.Sprintf("retry: %d\n\n", comeBack.Milliseconds())); err != nil {
		return
	}
	if err := f.tell(ctx, to, after); err != nil && ctx.Err() == nil {
		f.options.Log.Info("a follower of events is cut off", "remote", r.RemoteAddr, "reason", err)
	}
}

// lastSeen is the number behind which a follower goes on.
func (f *Feed) lastSeen(r *http.Request) (uint64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	last := f.outbox.Last()
	if text == "" {
		return last, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("Last-Event-ID: allowed: the id of an event, a number")
	}
	if n > last {
		return 0, nil // of a store that is no more: all that there is will be new
	}
	return n, nil
}

func (f *Feed) join() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.followers >= followersMost {
		return false
	}
	f.followers++
	return true
}

func (f *Feed) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.followers--
}

// tell sends all that comes after a number until ctx ends or the follower takes no more.
func (f *Feed) tell(ctx context.Context, to *follower, after uint64) error {
	quiet := time.NewTicker(silence)
	defer quiet.Stop()
	for {
		list, err := f.outbox.After(ctx, after, batch)
		if err != nil {
			return err
		}
		if err := to.events(after, list); err != nil {
			return err
		}
		if len(list) > 0 {
			after = list[len(list)-1].Number
			continue
		}
		select {
		case <-f.outbox.More(after):
		case <-quiet.C:
			if err := to.send(":\n\n"); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follower is who follows.
type follower struct {
	w       http.ResponseWriter
	by      *http.ResponseController
	request *http.Request
}

// gap is the name of what is sent where events between two are not kept any more.
const gap = "gap"

// events sends those of a list that the follower wants.
func (to *follower) events(after uint64, list []outbox.Numbered) error {
	text := ""
	for _, one := range list {
		if one.Number != after+1 {
			text += fmt.Sprintf("event: %s\ndata: {\"from\":%d,\"to\":%d}\n\n", gap, after+1, one.Number-1)
		}
		after = one.Number
		if of(to.request, one) {
			text += fmt.Sprintf("id: %d\ndata: %s\n\n", one.Number, one.Envelope)
		}
	}
	if text == "" {
		return nil
	}
	return to.send(text)
}

func (to *follower) send(text string) error {
	if err := to.by.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("bound the time for a follower: %w", err)
	}
	if _, err := to.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write to a follower: %w", err)
	}
	if err := to.by.Flush(); err != nil {
		return fmt.Errorf("write to a follower: %w", err)
	}
	return nil
}
