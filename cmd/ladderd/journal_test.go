package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladderd/config"
	"ladderd/event"
	"ladderd/stream"
	"ladderd/testassets/await"
	"ladderd/testassets/happened"
)

// hook is a receiver of events, and what it got.
type hook struct {
	*httptest.Server
	got chan string // bodies
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{got: make(chan string, 10)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.got <- string(body)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) next(t *testing.T, has string) {
	t.Helper()
	select {
	case body := <-h.got:
		if !strings.Contains(body, has) {
			t.Errorf("%s has no %q", body, has)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%q has not come", has)
	}
}

func hookText(name, url string) string {
	return fmt.Sprintf("[[events.webhook]]\nname = %q\nurl = %q\nsecret = 'a-secret-of-the-tests'\n", name, url)
}

func (r *reloaded) tell(name, channel string) {
	r.daemon.journal.tell(stream.Event{Event: happened.Event(name, channel, "st-"+channel, time.Now())})
}

func TestReloadTakesReceiversOfEvents(t *testing.T) {
	first, second := newHook(t), newHook(t)
	r := newReloaded(t, hookText("first", first.URL))
	r.tell(event.NameSessionCreated, "a")
	first.next(t, ":channel/a")
	r.with(hookText("second", second.URL))
	r.crowd.tell(stream.Event{Event: event.ConcurrentViewers(time.Now(), event.Excess{Limit: 2, By: 1})})
	second.next(t, "Concurrent Viewers")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("too short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	inFile := strings.Replace(hookText("first", first.URL), "secret = 'a-secret-of-the-tests'", fmt.Sprintf("secret_file = %q", secret), 1)
	if log := r.with(inFile); !strings.Contains(log, "webhook first: ") || !strings.Contains(log, "16 to 256") || strings.Contains(log, "too short") {
		t.Errorf("a file of no good: the log says %s", log)
	}
	r.tell(event.NameStreamStart, "a")
	second.next(t, "Stream Start")
	if err := os.WriteFile(secret, []byte("whsec_c2VjcmV0X2NoYW5nZS1tZQ==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.with(inFile)
	r.tell(event.NameStreamEnd, "a")
	first.next(t, "Stream End")
	await.Soon(t, "what is told of the receivers", func() bool {
		return strings.Contains(r.health(), `"events":{"last":4,"lost":0,"receivers":[{"name":"first","pending":0,"dead":0,"delivered":1,`)
	})
	if len(first.got)+len(second.got) > 0 {
		t.Errorf("%d and %d events more came", len(first.got), len(second.got))
	}
}

// Where nobody could ask for events nothing is written; receivers that come by a reload need a
// restart then.
func TestReloadWithoutAStoreTakesNoReceivers(t *testing.T) {
	r := newReloaded(t, "")
	if entries, err := os.ReadDir(r.config.Server.DataDir); err != nil || len(entries) > 1 { // the window's folder
		t.Errorf("there is %v, %v", entries, err)
	}
	if log := r.with(hookText("ops", "https://ops.example") + channelText("a")); !strings.Contains(log, "takes a restart") {
		t.Errorf("the log says %s", log)
	}
	if r.may("a") {
		t.Error("the channel beside it was taken")
	}
}

// Who has receivers of events is not served without a store.
func TestReceiversNeedAStore(t *testing.T) {
	cfg := config.Default()
	cfg.Server.DataDir = filepath.Join(t.TempDir(), "file", "below")
	if err := os.WriteFile(filepath.Dir(cfg.Server.DataDir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Events.Webhooks = []config.Webhook{{Name: "ops", URL: "https://ops.example", Secret: "a-secret-of-the-tests"}}
	if _, err := newDaemon(cfg, quiet()); err == nil || !strings.Contains(err.Error(), "make data_dir for the store") {
		t.Error(err)
	}
}

func TestEventsAreLinesForPeople(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	of := event.Stream{Channel: event.Channel{ID: "studioA", Name: "Studio A"}, ID: "st-0123456789abcdefghijklmn"}
	for _, c := range []struct {
		event event.Event
		want  string
	}{
		{event.StreamStart(of, at),
			"2026-01-02 03:04:05  studioA       Stream Start             st-0123456789abcdefghijklmn"},
		{event.TakeoverFailure(of, at, event.InvalidPriority),
			"2026-01-02 03:04:05  studioA       Stream Takeover Failure  st-0123456789abcdefghijklmn  StreamTakeoverInvalidPriority"},
		{event.StreamFailure(of, at),
			"2026-01-02 03:04:05  studioA       Stream Failure           st-0123456789abcdefghijklmn  Transcode capacity exceeded. Please try again."},
		{event.IngestBitrate(of, at, event.Excess{Limit: 3_500_000, By: 12}),
			"2026-01-02 03:04:05  studioA       Ingest Bitrate           st-0123456789abcdefghijklmn  12 above 3500000 bits per second"},
		{event.ConcurrentViewers(at, event.Excess{Limit: 2, By: 1}),
			"2026-01-02 03:04:05  -             Concurrent Viewers                                    1 above 2 viewers"},
	} {
		if got := eventLine(c.event.Envelope(event.Account{Region: "local", ID: "000000000000"})); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	if got := eventLine([]byte("[]")); got != "[]" {
		t.Errorf("what is no event: %s", got)
	}
}
