package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"ladderd/store"
)

// ErrNone says that there is no such session.
var ErrNone = errors.New("no such stream session")

// Session reads a session of a channel, the latest where id is empty, and its last events, the
// last one first.
func (r *Recorder) Session(ctx context.Context, channel, id string) (Session, []Entry, error) {
	key, err := r.find(ctx, channel, id)
	if err != nil {
		return Session{}, nil, err
	}
	s, err := r.read(ctx, key)
	if err != nil {
		return Session{}, nil, err
	}
	list, err := r.Entries(ctx, s.ID, entriesMost)
	return s, list, err
}

// find is the key of a session.
func (r *Recorder) find(ctx context.Context, channel, id string) (string, error) {
	if id == "" {
		page, err := r.store.List(ctx, sessionsOf(channel), "", 1)
		if err != nil {
			return "", fmt.Errorf("look for the latest session of %s: %w", channel, err)
		}
		if len(page.Entries) == 0 {
			return "", ErrNone
		}
		return page.Entries[0].Key, nil
	}
	entry, err := r.store.Get(ctx, byID+id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !strings.HasPrefix(string(entry.Value), sessionsOf(channel)) {
		return "", ErrNone
	}
	if err != nil {
		return "", fmt.Errorf("look for session %s: %w", id, err)
	}
	return string(entry.Value), nil
}

func (r *Recorder) read(ctx context.Context, key string) (s Session, err error) {
	entry, err := r.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return s, ErrNone
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", key, err)
	}
	if err := json.Unmarshal(entry.Value, &s); err != nil {
		return s, fmt.Errorf("read %s: %w", key, err)
	}
	return s, nil
}

// Entries are the last events of a session, the last one first, most at most.
func (r *Recorder) Entries(ctx context.Context, id string, most int) ([]Entry, error) {
	page, err := r.store.List(ctx, entriesOf(id), "", most)
	if err != nil {
		return nil, fmt.Errorf("list the events of %s: %w", id, err)
	}
	list := make([]Entry, len(page.Entries))
	for i, e := range page.Entries {
		if err := json.Unmarshal(e.Value, &list[i]); err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Key, err)
		}
	}
	return list, nil
}

// Sessions reads a channel's sessions, the newest first, most at most, from behind after on,
// which is the next of the page before. next is empty where there are no more.
func (r *Recorder) Sessions(ctx context.Context, channel, after string, most int) (list []Session, next string, err error) {
	prefix := sessionsOf(channel)
	if after != "" {
		after = prefix + after
	}
	page, err := r.store.List(ctx, prefix, after, most)
	if err != nil {
		return nil, "", fmt.Errorf("list the sessions of %s: %w", channel, err)
	}
	list = make([]Session, len(page.Entries))
	for i, e := range page.Entries {
		if err := json.Unmarshal(e.Value, &list[i]); err != nil {
			return nil, "", fmt.Errorf("read %s: %w", e.Key, err)
		}
	}
	if page.More {
		next = strings.TrimPrefix(page.Entries[len(page.Entries)-1].Key, prefix)
	}
	return list, next, nil
}
