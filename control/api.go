package control

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/control/audit"
	"ladderd/control/history"
	"ladderd/control/sigv4"
	"ladderd/store"
)

// Streams is what the API needs of the streams that are on air. Its methods may be called
// from any goroutine.
type Streams interface {
	// Live are the streams that viewers can play, by channel.
	Live() []Live
	// Stop ends a channel's stream and cuts its publisher off: false where there is none.
	// It returns when the channel is free.
	Stop(ctx context.Context, channel string) (bool, error)
	// OnAir says whether somebody publishes to the channel.
	OnAir(channel string) bool
	// Metadata puts text into a channel's stream: false where viewers can play none.
	Metadata(channel, text string) (bool, error)
}

// Live is a stream that viewers can play.
type Live struct {
	ID, Channel string
	Start       time.Time
	Health      string // HEALTHY, STARVING or UNKNOWN
	Viewers     int64  // that download it now
}

// Options is what an API is made of.
type Options struct {
	Region, Account string
	Store           store.Store
	Streams         Streams
	History         *history.Recorder
	Channels        Channels
	Audit           *audit.Log // of callers who are known
	Strangers       *audit.Log // of all others, so that they cannot fill the former
	Log             *slog.Logger
	Settings        Settings
	Now             func() time.Time // nil is time.Now
	Services        []Service        // that are called at the same address
}

// API answers requests: it is an http.Handler.
type API struct {
	arns             arns
	store            store.Store
	streams          Streams
	history          *history.Recorder
	audit, strangers *audit.Log
	log              *slog.Logger
	now              func() time.Time
	verifier         *sigv4.Verifier
	services         []*service
	settings         atomic.Pointer[settings]
	follower         *follower
	limits           *limiters
	requests         *requests
	tally            tally
	work             sync.WaitGroup // purging
	turn             chan struct{}  // who holds its only place may change records
}

// New makes an API whose channels have been handed on when it returns.
func New(ctx context.Context, o Options) (*API, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{
		arns: arns{o.Region, o.Account}, store: o.Store, streams: o.Streams, history: o.History,
		audit: o.Audit, strangers: o.Strangers, log: o.Log, now: o.Now, limits: newLimiters(), requests: newRequests(), turn: make(chan struct{}, 1),
	}
	a.Configure(o.Settings)
	a.verifier = sigv4.New(a.verifying("ivs", repeats))
	a.services = a.serving(o.Services)
	f, err := follow(ctx, o.Store, o.Channels, o.Log)
	if err != nil {
		return nil, fmt.Errorf("read the channels of the store: %w", err)
	}
	a.follower = f
	a.work.Go(func() { a.purging(a.requests.life) })
	return a, nil
}

// verifying is how requests are verified that are signed for a service.
func (a *API) verifying(service string, repeats func(*http.Request) bool) sigv4.Options {
	return sigv4.Options{
		Region: a.arns.region, Service: service, Now: a.now, Repeats: repeats,
		Key: func(id string) (sigv4.Key, bool) {
			k, known := a.settings.Load().keys[id]
			return k.Key, known
		},
	}
}

// repeats says which requests may be sent twice within a second by a client that signs nothing
// to tell them apart, as the AWS CLI does: what only reads, and what nobody on the way can have
// seen and sent again.
func repeats(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	here := err == nil && net.ParseIP(host).IsLoopback()
	o := route(r)
	return r.TLS != nil || here || o != nil && o.reads
}

// Close cuts short the requests that have not been answered, and waits for them and for what
// the API does by itself. Later requests are refused.
func (a *API) Close() {
	a.requests.close()
	a.work.Wait()
	a.follower.close()
}
