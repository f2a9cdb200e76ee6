package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"ladderd/testassets/daemon"
)

// told is an event as a receiver gets it.
type told struct {
	ID        string   `json:"id"`
	Resources []string `json:"resources"`
	Detail    struct {
		Name   string `json:"event_name"`
		Stream string `json:"stream_id"`
	} `json:"detail"`
}

// receiver is a webhook of a test's, which does what its mood says.
type receiver struct {
	t       *testing.T
	hook    daemon.Webhook
	address string

	mu     sync.Mutex
	mood   func(w http.ResponseWriter, r *http.Request, attempt int, take func())
	order  []told            // as they were taken first
	bodies map[string]string // by id
	tries  map[string]int    // by id
	twice  int               // events that were taken more than once
	server *http.Server
}

// openReceiver has one listen on an address of loopback that no other test uses: it goes and
// comes back there.
func openReceiver(t *testing.T, host string, hook daemon.Webhook) *receiver {
	t.Helper()
	r := &receiver{t: t, hook: hook, address: net.JoinHostPort(host, "0"), bodies: map[string]string{}, tries: map[string]int{}}
	r.feel(good)
	r.up()
	r.hook.URL = "http://" + r.address + "/events"
	t.Cleanup(r.down)
	return r
}

func (r *receiver) up() {
	r.t.Helper()
	ln, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = ln.Addr().String()
	r.server = &http.Server{Handler: r}
	go r.server.Serve(ln)
}

func (r *receiver) down() { _ = r.server.Close() } // whatever is being answered

func (r *receiver) feel(mood func(http.ResponseWriter, *http.Request, int, func())) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood = mood
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the daemon was killed
	}
	id := request.Header.Get("Webhook-Id")
	r.check(request.Header, body)
	r.mu.Lock()
	r.tries[id]++
	attempt, mood := r.tries[id], r.mood
	r.mu.Unlock()
	mood(w, request, attempt, func() { r.take(id, body) })
}

// check holds a request to Standard Webhooks.
func (r *receiver) check(header http.Header, body []byte) {
	signed := header.Get("Webhook-Id") + "." + header.Get("Webhook-Timestamp") + "." + string(body)
	signatures := strings.Split(header.Get("Webhook-Signature"), " ")
	for _, secret := range []string{r.hook.Secret, r.hook.Previous} {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(signed))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); !slices.Contains(signatures, want) {
			r.t.Errorf("%s: signatures %q, none of which is %s", r.hook.Name, signatures, want)
		}
	}
}

func (r *receiver) take(id string, body []byte) {
	var e told
	if err := json.Unmarshal(body, &e); err != nil || e.ID != id || len(e.Resources) != 1 {
		r.t.Errorf("%s: the event %s is %s: %v", r.hook.Name, id, body, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before, known := r.bodies[id]
	if known && before != string(body) {
		r.t.Errorf("%s: %s is another one: %s, before %s", r.hook.Name, id, body, before)
	}
	if known {
		r.twice++
		return
	}
	r.bodies[id] = string(body)
	r.order = append(r.order, e)
}

func (r *receiver) taken() []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.order)
}

// good takes everything.
func good(_ http.ResponseWriter, _ *http.Request, _ int, take func()) { take() }

// refusing takes nothing.
func refusing(w http.ResponseWriter, _ *http.Request, _ int, _ func()) {
	http.Error(w, "not today", http.StatusServiceUnavailable)
}

// moody is another at each event's first attempt, and good at later ones.
func moody() func(http.ResponseWriter, *http.Request, int, func()) {
	var mu sync.Mutex
	turn := 0
	return func(w http.ResponseWriter, r *http.Request, attempt int, take func()) {
		if attempt > 1 {
			take()
			return
		}
		mu.Lock()
		turn++
		now := turn
		mu.Unlock()
		switch now % 5 {
		case 0: // fails
			w.WriteHeader(http.StatusInternalServerError)
		case 1: // hangs
			<-r.Context().Done()
		case 2: // has taken it, and answers too late
			take()
			<-r.Context().Done()
		case 3: // has taken it, and is cut off
			take()
			panic(http.ErrAbortHandler)
		case 4: // sends somewhere else
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	}
}

// byChannel are the ids of events, in their order.
func byChannel(list []told) map[string][]string {
	ids := map[string][]string{}
	for _, e := range list {
		channel := e.Resources[0]
		ids[channel] = append(ids[channel], e.ID)
	}
	return ids
}
