package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"ladderd/config"
	"ladderd/control"
	"ladderd/control/feed"
	"ladderd/control/history"
	"ladderd/control/outbox"
	"ladderd/event"
	"ladderd/store"
	"ladderd/stream"
)

// journal is what is written down of streams, and where: their sessions, and their events with
// whom these are to be told. It is there where anybody may ask for them.
type journal struct {
	store   store.Store
	outbox  *outbox.Outbox
	history *history.Recorder
	feed    *feed.Feed
	control *control.API // what sessions show of their channels; nil where the API is off
	// missing is why nothing is written down although somebody may ask; all of the above is
	// nil then.
	missing error
}

// receiversRead is how long it may take to find what waits for the receivers of events.
const receiversRead = time.Minute

// openJournal opens the store and what writes into it, before there are streams. Without a store
// there can be no API and no webhook; who only may look at events finds none.
func openJournal(cfg *config.Config, log *slog.Logger) (*journal, error) {
	wanted := cfg.API.Listen.On() || len(cfg.Events.Webhooks) > 0
	if !wanted && !cfg.Metrics.Listen.On() {
		return &journal{}, nil
	}
	j := &journal{}
	err := j.open(cfg, log)
	if err == nil {
		return j, nil
	}
	j.close(log)
	if wanted {
		return nil, err
	}
	log.Error("events are not kept: check data_dir", "data_dir", cfg.Server.DataDir, "reason", err)
	return &journal{missing: err}, nil
}

func (j *journal) open(cfg *config.Config, log *slog.Logger) (err error) {
	hooks, err := webhooks(cfg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Server.DataDir, 0o750); err != nil {
		return fmt.Errorf("make data_dir for the store: %w", err)
	}
	ctx, done := context.WithTimeout(context.Background(), receiversRead)
	defer done()
	if j.store, err = openStore(ctx, cfg, log); err != nil {
		return err
	}
	j.outbox, err = outbox.New(ctx, outbox.Options{
		Store: j.store, Account: event.Account{Region: cfg.Server.Region, ID: cfg.Server.Account}, Node: node(cfg), Log: log,
	})
	if err != nil {
		return fmt.Errorf("open the outbox of events: %w", err)
	}
	// Before the history, which may have something to tell: the end of streams that were cut
	// short.
	if err := j.outbox.Configure(ctx, hooks); err != nil {
		return fmt.Errorf("open the outbox of events: %w", err)
	}
	j.history, err = history.New(j.store, history.Options{Log: log, Node: node(cfg), Snapshot: j.snapshot, Outbox: j.outbox})
	if err != nil {
		return fmt.Errorf("open the history of streams: %w", err)
	}
	j.feed = feed.New(j.outbox, feed.Options{Names: names(cfg), Log: log})
	return nil
}

// node is whose sessions and events these are: this machine's where a fleet shares a store. A
// file has one process at a time, whatever the machine is called.
func node(cfg *config.Config) string {
	if len(cfg.Store.Etcd) == 0 {
		return "local"
	}
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// names are those by which whoever looks at events may ask for this machine.
func names(cfg *config.Config) (list []string) {
	if name, err := os.Hostname(); err == nil {
		list = append(list, name)
	}
	if host, _, err := net.SplitHostPort(string(cfg.Metrics.Listen)); err == nil && host != "" {
		list = append(list, host)
	}
	return list
}

// snapshot is what a session shows of its channel. No session begins before there is a control.
func (j *journal) snapshot(ctx context.Context, channel string) (channelJSON, recordingJSON json.RawMessage) {
	if j.control == nil {
		return nil, nil
	}
	return j.control.Snapshot(ctx, channel)
}

// tell writes an event down and has it delivered.
func (j *journal) tell(e stream.Event) {
	if j.history != nil {
		j.history.Tell(past(e))
	}
}

// configure has events go to the receivers of a configuration from now on.
func (j *journal) configure(hooks []outbox.Webhook) error {
	if j.outbox == nil {
		if len(hooks) == 0 {
			return nil
		}
		return errors.New("events.webhook: takes a restart where there was no store before: neither an [api] nor a webhook, and no [metrics] or no data_dir")
	}
	ctx, done := context.WithTimeout(context.Background(), receiversRead)
	defer done()
	return j.outbox.Configure(ctx, hooks)
}

// webhooks are the receivers of a configuration, with the secrets that their files hold.
func webhooks(cfg *config.Config) ([]outbox.Webhook, error) {
	list := make([]outbox.Webhook, len(cfg.Events.Webhooks))
	for i, w := range cfg.Events.Webhooks {
		secret := w.Secret
		if w.SecretFile != "" {
			text, err := readSmall(w.SecretFile)
			if err != nil {
				return nil, fmt.Errorf("webhook %s: read its secret: %w", w.Name, err)
			}
			if secret, err = config.ParseSigningSecret(string(text)); err != nil {
				return nil, fmt.Errorf("webhook %s: %s is %w", w.Name, w.SecretFile, err)
			}
		}
		list[i] = outbox.Webhook{
			Name: w.Name, URL: w.URL.Reveal(), Secret: secret.Reveal(), Previous: w.PreviousSecret.Reveal(),
			Insecure: w.Insecure, Timeout: w.Timeout, GiveUp: w.GiveUp,
		}
	}
	return list, nil
}

// handle adds what shows events.
func (j *journal) handle(to *http.ServeMux) {
	if j.feed != nil {
		j.feed.Handle(to)
		return
	}
	to.HandleFunc("/events", j.absent)
	to.HandleFunc("/events/", j.absent)
}

// absent answers where there are no events to show.
func (j *journal) absent(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "events are not kept: the log and /healthz say why", http.StatusServiceUnavailable)
}

// report adds to what /healthz says.
func (j *journal) report(to map[string]any) {
	switch {
	case j.missing != nil:
		to["events_error"] = j.missing.Error()
	case j.outbox != nil:
		to["events"] = map[string]any{"last": j.outbox.Last(), "lost": j.history.Lost(), "receivers": j.outbox.Status()}
	}
}

// close writes down and delivers what waits, where that can be done at once. There are no
// streams and no listeners any more, and nobody follows channels in the store.
func (j *journal) close(log *slog.Logger) {
	if j.feed != nil {
		j.feed.Close()
	}
	if j.history != nil {
		j.history.Close()
	}
	if j.outbox != nil {
		j.outbox.Close()
	}
	if j.store == nil {
		return
	}
	if err := j.store.Close(); err != nil {
		log.Error("the store was not closed cleanly", "reason", err)
	}
}
