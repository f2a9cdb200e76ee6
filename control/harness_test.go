// What stands on the box is left out where inputs are made up (make fuzz): it needs SQLite,
// which takes long to compile with what fuzzing wants to know of every line.

//go:build !fuzz

package control

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"

	"ladderd/control/audit"
	"ladderd/control/history"
	"ladderd/control/iam"
	"ladderd/control/sigv4"
	"ladderd/store"
	"ladderd/store/sqlite"
	"ladderd/testassets/awssdk"
)

const (
	testKey    = "AKIDEXAMPLE0000000001"
	testSecret = "secret-of-the-tests-0123456789abcdef0123"
)

// box is an API under test with all that it stands on.
type box struct {
	*API
	url       string
	disk      *faulty // what the API has of store
	store     store.Store
	streams   *fakeStreams
	history   *history.Recorder
	hub       *fakeChannels
	audits    string // the audit log's folder
	strangers string // likewise, of who is not known
}

// fakeStreams are streams that a test says are live.
type fakeStreams struct {
	mu       sync.Mutex
	live     []Live
	metadata []string
}

func (f *fakeStreams) set(live ...Live) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live = live
}

func (f *fakeStreams) Live() []Live {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Live{}, f.live...)
}

func (f *fakeStreams) OnAir(channel string) bool {
	for _, l := range f.Live() {
		if l.Channel == channel {
			return true
		}
	}
	return false
}

func (f *fakeStreams) Stop(_ context.Context, channel string) (bool, error) {
	live := f.OnAir(channel)
	f.set()
	return live, nil
}

func (f *fakeStreams) Metadata(channel, text string) (bool, error) {
	if !f.OnAir(channel) {
		return false, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.metadata = append(f.metadata, text)
	return true, nil
}

// fakeChannels is what the follower has handed on.
type fakeChannels struct {
	mu  sync.Mutex
	now map[string]Published
}

func (f *fakeChannels) Put(p Published) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now[p.ID] = p
}

func (f *fakeChannels) Remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.now, id)
}

func (f *fakeChannels) get(id string) (Published, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.now[id]
	return p, ok
}

// faulty is the API's store, which a test has fail.
type faulty struct {
	store.Store
	full, unreadable atomic.Bool
}

func (f *faulty) Apply(ctx context.Context, c store.Change) (int64, error) {
	if f.full.Load() {
		return 0, errors.New("database or disk is full")
	}
	return f.Store.Apply(ctx, c)
}

func (f *faulty) Get(ctx context.Context, key string) (store.Entry, error) {
	if f.unreadable.Load() {
		return store.Entry{}, errors.New("input/output error")
	}
	return f.Store.Get(ctx, key)
}

// testSettings are those that a test changes as it needs.
func testSettings() Settings {
	return Settings{
		Keys:      []AccessKey{{Key: sigv4.Key{ID: testKey, Secret: testSecret}, User: "tester", Policy: iam.FullAccess()}},
		Endpoints: Endpoints{Ingest: "ingest.example", SRT: "srt.example:9001", Playback: "https://play.example:8443"},
		Quotas:    Quotas{Channels: 5000, Recordings: 20, PlaybackKeys: 3, Policies: 3, Countries: 200, Origins: 5},
		CallRate:  1000,
	}
}

func newBox(t *testing.T, alter ...func(*Settings)) *box {
	t.Helper()
	s := testSettings()
	for _, f := range alter {
		f(&s)
	}
	log := slog.New(slog.DiscardHandler)
	kept, err := sqlite.Open(filepath.Join(t.TempDir(), "ladderd.db"), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	disk := &faulty{Store: kept}
	b := &box{disk: disk, store: kept, streams: &fakeStreams{}, hub: &fakeChannels{now: map[string]Published{}}, audits: t.TempDir()}
	logged, err := audit.Open(b.audits, audit.Limits{Size: 1 << 20, Files: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = logged.Close() })
	b.strangers = t.TempDir()
	strangers, err := audit.Open(b.strangers, audit.Limits{Size: 1 << 20, Files: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = strangers.Close() })
	b.history, err = history.New(kept, history.Options{Log: log, Snapshot: func(ctx context.Context, channel string) (json.RawMessage, json.RawMessage) {
		return b.API.Snapshot(ctx, channel)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.history.Close)
	b.API, err = New(t.Context(), Options{
		Region: testRegion, Account: testAccount, Store: disk, Streams: b.streams, History: b.history,
		Channels: b.hub, Audit: logged, Strangers: strangers, Log: log, Settings: s,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.API.Close)
	server := httptest.NewServer(noting(b.API))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// client is the AWS SDK's.
func (b *box) client(t *testing.T) *ivs.Client { return b.clientAs(t, testKey, testSecret, "") }

func (b *box) clientAs(t *testing.T, id, secret, token string) *ivs.Client {
	client, closing := awssdk.Client(b.url, testRegion, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token})
	t.Cleanup(closing)
	return client
}
