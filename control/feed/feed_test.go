package feed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ladderd/control/outbox"
	"ladderd/event"
	"ladderd/store"
	"ladderd/store/sqlite"
	"ladderd/testassets/await"
	"ladderd/testassets/happened"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a feed that is asked by HTTP, and the outbox behind it.
type desk struct {
	t      *testing.T
	store  store.Store
	outbox *outbox.Outbox
	feed   *Feed
	server *httptest.Server
	told   []event.Event
}

// newDesk is one that listens.
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := openDesk(t)
	d.server = httptest.NewUnstartedServer(d.paths())
	d.server.Config.ReadTimeout, d.server.Config.WriteTimeout = time.Second, time.Second // for who does not stay
	d.server.Start()
	t.Cleanup(func() {
		d.feed.Close()
		d.server.Close()
	})
	return d
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "store.db"), log)
	if err != nil {
		t.Fatal(err)
	}
	o, err := outbox.New(t.Context(), outbox.Options{Store: s, Node: "n", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &desk{t: t, store: s, outbox: o, feed: New(o, Options{Names: []string{"box.example"}, Log: log})}
}

func (d *desk) paths() http.Handler {
	mux := http.NewServeMux()
	d.feed.Handle(mux)
	return mux
}

// tell has an event of each of these channels happen.
func (d *desk) tell(channels ...string) {
	d.t.Helper()
	for _, channel := range channels {
		e := happened.Event(event.NameStreamStart, channel, "st-"+channel, time.Now())
		var c store.Change
		written, err := d.outbox.Add(&c, e)
		if err != nil {
			d.t.Fatal(err)
		}
		if _, err := d.store.Apply(d.t.Context(), c); err != nil {
			d.t.Fatal(err)
		}
		written()
		d.told = append(d.told, e)
	}
}

func (d *desk) client() Client { return Client{URL: d.server.URL, HTTP: d.server.Client()} }

// numbers of a page, and the ids of its events.
func (d *desk) numbers(items []Item) (list []uint64) {
	d.t.Helper()
	for _, one := range items {
		list = append(list, one.Number)
		var e struct{ ID string }
		if err := json.Unmarshal(one.Event, &e); err != nil || e.ID != d.told[one.Number-1].ID() {
			d.t.Errorf("event %d is %s: %v", one.Number, one.Event, err)
		}
	}
	return list
}

func TestPastEventsAreShown(t *testing.T) {
	d := newDesk(t)
	d.tell("a", "b", "a", "b", "a")
	for _, c := range []struct {
		channel string
		limit   int
		want    []uint64
	}{
		{"", 100, []uint64{1, 2, 3, 4, 5}},
		{"", 2, []uint64{4, 5}},
		{"a", 100, []uint64{1, 3, 5}},
		{"b", 1, []uint64{4}},
		{"c", 100, nil},
	} {
		page, err := d.client().Past(t.Context(), c.channel, c.limit)
		if err != nil || page.Last != 5 {
			t.Errorf("%+v, %v", page, err)
		}
		if diff := cmp.Diff(c.want, d.numbers(page.Events)); diff != "" {
			t.Errorf("of %q, at most %d: %s", c.channel, c.limit, diff)
		}
	}
	for _, query := range []string{"format=xml", "format=json&limit=0", "format=json&limit=10001", "format=json&limit=x", "after=x"} {
		if status, _ := d.ask("GET", "/events?"+query, nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, status)
		}
	}
}

// ask sends a request with some header fields, and Host where it is among them.
func (d *desk) ask(method, path string, header map[string]string) (status int, said string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.server.URL+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Host = header["Host"]
	answer, err := d.server.Client().Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// following is a client that follows, and what it was told.
type following struct {
	items chan Item
	gaps  chan error
	ended chan error
	stop  context.CancelFunc
}

func (d *desk) follow(after uint64, channel string) *following {
	ctx, stop := context.WithCancel(d.t.Context())
	f := &following{items: make(chan Item, 100), gaps: make(chan error, 100), ended: make(chan error, 1), stop: stop}
	go func() {
		f.ended <- d.client().Follow(ctx, after, channel, func(one Item, missing error) error {
			if missing != nil {
				f.gaps <- missing
			} else {
				f.items <- one
			}
			return nil
		})
	}()
	d.t.Cleanup(stop)
	return f
}

func (f *following) next(t *testing.T, d *desk, want uint64) {
	t.Helper()
	select {
	case one := <-f.items:
		if got := d.numbers([]Item{one}); got[0] != want {
			t.Fatalf("event %d, want %d", got[0], want)
		}
	case err := <-f.ended:
		t.Fatal(err)
	case <-time.After(30 * time.Second):
		t.Fatalf("event %d has not come", want)
	}
}

// The server's limits of time for a request are shorter than what is waited for here: they are
// not for those who follow.
func TestFollowersAreToldAsItHappens(t *testing.T) {
	d := newDesk(t)
	d.tell("a", "b")
	all, ofA, late := d.follow(0, ""), d.follow(0, "a"), d.follow(2, "")
	all.next(t, d, 1)
	all.next(t, d, 2)
	ofA.next(t, d, 1)
	over := time.Now().Add(1500 * time.Millisecond)
	await.Soon(t, "the server's time for requests to be over", func() bool { return time.Now().After(over) })
	d.tell("b", "a")
	for _, n := range []uint64{3, 4} {
		all.next(t, d, n)
		late.next(t, d, n)
	}
	ofA.next(t, d, 4)
	// Numbers of a store that is no more.
	d.follow(1000, "").next(t, d, 1)
}

// Who follows without saying where from is told what comes from then on.
func TestFollowersBeginWithTheNextEvent(t *testing.T) {
	d := newDesk(t)
	d.tell("a")
	r, err := http.NewRequestWithContext(t.Context(), "GET", d.server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := d.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Error(kind)
	}
	d.tell("b")
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			if id != "2" {
				t.Errorf("the first event is %s", id)
			}
			return
		}
	}
	t.Error(lines.Err())
}

func TestFollowersAreToldOfWhatIsNotKept(t *testing.T) {
	d := newDesk(t)
	d.tell("a", "a", "a")
	page, err := d.store.List(t.Context(), "event/", "", 2)
	if err != nil || len(page.Entries) != 2 {
		t.Fatalf("%v, %v", page, err)
	}
	if _, err := d.store.Apply(t.Context(), store.Change{Delete: []string{page.Entries[0].Key, page.Entries[1].Key}}); err != nil {
		t.Fatal(err)
	}
	f := d.follow(0, "")
	f.next(t, d, 3)
	if err := <-f.gaps; !errors.Is(err, ErrGap) || !strings.Contains(err.Error(), `{"from":1,"to":2}`) {
		t.Error(err)
	}
}

func TestFollowersAreNotTooMany(t *testing.T) {
	d := newDesk(t)
	d.tell("a")
	var all []*following
	for range followersMost {
		f := d.follow(0, "")
		f.next(t, d, 1)
		all = append(all, f)
	}
	if err := <-d.follow(0, "").ended; !errors.Is(err, ErrRefused) {
		t.Errorf("one more: %v", err)
	}
	all[0].stop()
	<-all[0].ended
	await.Soon(t, "room for another", func() bool {
		d.feed.mu.Lock()
		defer d.feed.mu.Unlock()
		return d.feed.followers < followersMost
	})
	d.follow(0, "").next(t, d, 1)
}

// A follower who reads nothing is cut off, and nobody else notices it.
func TestSlowFollowersAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t)
		here, there := net.Pipe()
		defer here.Close()
		ln := pipes{make(chan net.Conn, 1), make(chan struct{})}
		ln.conns <- there
		server := &http.Server{Handler: d.paths()}
		go server.Serve(ln)
		defer server.Close()
		if _, err := io.WriteString(here, "GET /events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		here.Read(make([]byte, 1))
		d.tell("a")
		d.feed.serving.Wait()
		if took := time.Since(began); took != patience {
			t.Errorf("after %s", took)
		}
	})
}

// pipes is a listener whose connections are made by the test.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.done); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A feed that closes ends those who follow: nobody asks the store afterwards.
func TestCloseEndsFollowers(t *testing.T) {
	d := newDesk(t)
	d.tell("a")
	f := d.follow(0, "")
	f.next(t, d, 1)
	d.feed.Close()
	if err := <-f.ended; err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("the follower: %v", err)
	}
	if status, _ := d.ask("GET", "/events?format=json", nil); status != http.StatusServiceUnavailable {
		t.Errorf("afterwards: %d", status)
	}
}

func TestPagesOfOthersAreKeptOut(t *testing.T) {
	d := newDesk(t)
	d.tell("a")
	const past, replay, jsonType = "/events?format=json", "/events/replay", "application/json"
	for _, c := range []struct {
		what, method, path string
		header             map[string]string
		want               int
	}{
		{"curl", "GET", past, nil, 200},
		{"by name", "GET", past, map[string]string{"Host": "localhost:9090"}, 200},
		{"by IPv6", "GET", past, map[string]string{"Host": "[::1]:9090"}, 200},
		{"by the machine's name", "GET", past, map[string]string{"Host": "BOX.example."}, 200},
		{"a name that leads here", "GET", past, map[string]string{"Host": "evil.example:9090"}, 421},
		{"a name that begins like ours", "GET", past, map[string]string{"Host": "localhost.evil.example"}, 421},
		{"a name that leads here, dead", "GET", "/events/dead", map[string]string{"Host": "evil.example"}, 421},
		{"a name that leads here, replay", "POST", replay, map[string]string{"Host": "evil.example", "Content-Type": jsonType}, 421},
		{"another site's page", "GET", past, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"another port's page", "GET", past, map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"the operator's address bar", "GET", past, map[string]string{"Sec-Fetch-Site": "none"}, 200},
		{"curl's replay", "POST", replay, map[string]string{"Content-Type": "application/json; charset=utf-8"}, 200},
		{"a form", "POST", replay, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415},
		{"no type", "POST", replay, nil, 415},
		{"another site's replay", "POST", replay, map[string]string{"Content-Type": jsonType, "Sec-Fetch-Site": "cross-site"}, 403},
		{"an older browser's", "POST", replay, map[string]string{"Content-Type": jsonType, "Origin": "http://evil.example"}, 403},
		{"what asks whether it may", "OPTIONS", replay, map[string]string{"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}, 405},
		{"a link", "GET", replay, nil, 405},
	} {
		if status, said := d.ask(c.method, c.path, c.header); status != c.want {
			t.Errorf("%s: %d, want %d: %s", c.what, status, c.want, said)
		}
	}
}

// What a receiver does not take within its time is shown, and sent again when somebody asks.
func TestDeadLettersAreShownAndReplayed(t *testing.T) {
	d := newDesk(t)
	var up = make(chan struct{})
	arrived := make(chan string, 10)
	hooked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-up:
			arrived <- r.Header.Get("Webhook-Id")
		default:
			http.Error(w, "out of order", http.StatusTeapot)
		}
	}))
	t.Cleanup(hooked.Close)
	if err := d.outbox.Configure(t.Context(), []outbox.Webhook{{Name: "ops", URL: hooked.URL, Secret: "s", Timeout: time.Minute, GiveUp: time.Nanosecond}}); err != nil {
		t.Fatal(err)
	}
	d.tell("a", "b")
	var dead Dead
	await.Soon(t, "dead letters", func() bool {
		var err error
		if dead, err = d.client().Letters(t.Context(), "ops"); err != nil {
			t.Fatal(err)
		}
		return len(dead.Dead) == 2
	})
	if l := dead.Dead[0]; l.Receiver != "ops" || l.Attempts != 1 || !strings.Contains(l.Reason, "418") || !strings.Contains(l.Reason, "out of order") {
		t.Errorf("%+v", l)
	}
	if none, err := d.client().Letters(t.Context(), "other"); err != nil || none.Dead == nil || len(none.Dead) > 0 {
		t.Errorf("another's: %+v, %v", none, err)
	}
	close(up)
	for _, c := range []struct {
		which Which
		want  int
	}{{Which{Receiver: "other"}, 0}, {Which{ID: d.told[1].ID()}, 1}, {Which{Receiver: "ops"}, 1}, {Which{}, 0}} {
		replayed, err := d.client().Replay(t.Context(), c.which)
		if err != nil || replayed.Replayed != c.want {
			t.Errorf("%+v: %+v, %v", c.which, replayed, err)
		}
		for range c.want {
			if got := <-arrived; c.which.ID != "" && got != c.which.ID {
				t.Errorf("%s arrived", got)
			}
		}
	}
	if _, err := d.client().Replay(t.Context(), Which{}); err != nil {
		t.Error(err)
	}
}
