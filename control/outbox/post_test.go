package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/store"
	"ladderd/store/sqlite"
	"ladderd/testassets/happened"
)

var account = event.Account{Region: "local", ID: "000000000000"}

// ears is what receivers are in these tests: it hears what is sent to them, and answers.
type ears struct {
	mu     sync.Mutex
	heard  map[string][]string                      // ids of what was taken, by host
	asked  map[string]int                           // attempts, by id
	answer func(r *http.Request, name string) error // an error is no answer; nil takes it
}

// errStatus is an answer.
type errStatus int

func (e errStatus) Error() string { return http.StatusText(int(e)) }

func (e *ears) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var sent struct {
		ID     string
		Detail struct {
			Name string `json:"event_name"`
		}
	}
	if err := json.Unmarshal(body, &sent); err != nil || sent.ID != r.Header.Get("Webhook-Id") {
		return nil, fmt.Errorf("%s with the header %s: %w", body, r.Header.Get("Webhook-Id"), err)
	}
	e.mu.Lock()
	e.asked[sent.ID]++
	answer := e.answer
	e.mu.Unlock()
	status := http.StatusOK
	if answer != nil {
		err := answer(r, sent.Detail.Name)
		var said errStatus
		switch {
		case errors.As(err, &said):
			status = int(said)
		case err != nil:
			return nil, err
		}
	}
	if status == http.StatusOK {
		e.mu.Lock()
		e.heard[r.URL.Host] = append(e.heard[r.URL.Host], sent.ID)
		e.mu.Unlock()
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func (e *ears) answers(how func(*http.Request, string) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = how
}

// attempts is how often an event was sent.
func (e *ears) attempts(id string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[id]
}

// of is what a host has taken, each event once, and how often there were more.
func (e *ears) of(host string) (ids []string, again int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range e.heard[host] {
		if slices.Contains(ids, id) {
			again++
			continue
		}
		ids = append(ids, id)
	}
	return ids, again
}

// post is an outbox under test.
type post struct {
	*Outbox
	*ears
	told map[string][]string // ids, by channel, in order
	log  strings.Builder
}

func openStore(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "test.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func hooks(names ...string) (list []Webhook) {
	for _, name := range names {
		list = append(list, Webhook{Name: name, URL: "http://" + name + "/", Secret: "s", Timeout: 10 * time.Second, GiveUp: 24 * time.Hour})
	}
	return list
}

// posted has an outbox with these receivers in a bubble of synctest.
func posted(t *testing.T, receivers []Webhook, test func(t *testing.T, p *post)) {
	synctest.Test(t, func(t *testing.T) {
		p := &post{ears: &ears{heard: map[string][]string{}, asked: map[string]int{}}, told: map[string][]string{}}
		p.open(t, openStore(t), receivers)
		defer func() { p.Close() }()
		test(t, p)
	})
}

func (p *post) open(t *testing.T, s store.Store, receivers []Webhook) {
	t.Helper()
	var err error
	p.Outbox, err = New(t.Context(), Options{Store: s, Account: account, Node: "n", Transport: p.ears, Log: slog.New(slog.NewTextHandler(&p.log, nil))})
	if err == nil {
		err = p.Configure(t.Context(), receivers)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reopen is what a crash and a start do.
func (p *post) reopen(t *testing.T, receivers []Webhook) {
	t.Helper()
	p.reopenOn(t, p.store, receivers)
}

func (p *post) reopenOn(t *testing.T, s store.Store, receivers []Webhook) {
	t.Helper()
	p.stop()
	p.running.Wait()
	p.open(t, s, receivers)
}

func (p *post) tell(t *testing.T, channel string, names ...string) {
	t.Helper()
	for _, name := range names {
		e := happened.Event(name, channel, "st-"+channel, time.Now())
		var c store.Change
		written, err := p.Add(&c, e)
		if err == nil {
			_, err = p.store.Apply(t.Context(), c)
		}
		if err != nil {
			t.Fatal(err)
		}
		written()
		if e.OfAccount() {
			channel = ""
		}
		p.told[channel] = append(p.told[channel], e.ID())
	}
}

// arrives waits until a receiver has all that was told.
func (p *post) arrives(t *testing.T, host string) {
	t.Helper()
	all := 0
	for _, ids := range p.told {
		all += len(ids)
	}
	for range 10_000 {
		if got, _ := p.of(host); len(got) == all {
			p.inOrder(t, host)
			return
		}
		time.Sleep(time.Minute)
	}
	got, _ := p.of(host)
	t.Fatalf("%s got %d of %d events\n%s", host, len(got), all, p.log.String())
}

// inOrder holds what a receiver got to the order of each channel.
func (p *post) inOrder(t *testing.T, host string) {
	t.Helper()
	got, _ := p.of(host)
	for channel, ids := range p.told {
		mine := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return !slices.Contains(ids, id) })
		if !slices.Equal(mine, ids) {
			t.Errorf("%s got of %q\n%v, want\n%v", host, channel, mine, ids)
		}
	}
}

var life = []string{event.NameSessionCreated, event.NameStreamStart, event.NameStarvationStart, event.NameStarvationEnd, event.NameSessionEnded, event.NameStreamEnd}
