package outbox

import (
	"context"
	"fmt"
)

// Configure has events go to these receivers from now on. Those whose name is there already go
// on with what waits for them, wherever they are now; what waits for one that is not there any
// more is dropped. After an error all is as before.
func (o *Outbox) Configure(ctx context.Context, hooks []Webhook) error {
	o.tending.Lock()
	defer o.tending.Unlock()
	wanted, err := named(hooks)
	if err != nil {
		return err
	}
	gone, err := o.strangers(ctx, wanted)
	if err != nil {
		return err
	}
	fresh, err := o.load(ctx, hooks)
	if err != nil {
		return err
	}
	for _, r := range o.replace(hooks, fresh, wanted) {
		r.close()
	}
	for _, name := range gone {
		if err := o.forget(ctx, name); err != nil { // they wait for nobody: the next time will do
			o.options.Log.Warn("events of a receiver that is configured no more are still there", "receiver", name, "reason", err)
		}
	}
	return nil
}

// named are the receivers' names, where these receivers may be.
func named(hooks []Webhook) (map[string]bool, error) {
	if len(hooks) > ReceiversMost {
		return nil, fmt.Errorf("there are %d receivers of events; allowed: %d", len(hooks), ReceiversMost)
	}
	names := map[string]bool{}
	for _, h := range hooks {
		if names[h.Name] {
			return nil, fmt.Errorf("two receivers of events are called %q", h.Name)
		}
		names[h.Name] = true
	}
	return names, nil
}

// load makes the receivers that are not there yet, with what waits for them from before: no
// event is added to theirs before they are there.
func (o *Outbox) load(ctx context.Context, hooks []Webhook) (fresh []*receiver, err error) {
	for _, h := range hooks {
		if o.receiver(h.Name) != nil {
			continue
		}
		r := newReceiver(o, h)
		fresh = append(fresh, r)
		if err := r.load(ctx); err != nil {
			for _, r := range fresh {
				r.stop()
			}
			return nil, err
		}
	}
	return fresh, nil
}

// replace replaces the receivers and returns those that are no more. Events are added before
// or after, not meanwhile.
func (o *Outbox) replace(hooks []Webhook, fresh []*receiver, wanted map[string]bool) (gone []*receiver) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range hooks {
		if there := o.receivers[h.Name]; there != nil {
			there.goTo(h)
		}
	}
	for _, r := range fresh {
		o.receivers[r.name] = r
		o.running.Go(r.run)
	}
	for name, r := range o.receivers {
		if !wanted[name] {
			gone = append(gone, r)
			delete(o.receivers, name)
		}
	}
	return gone
}
