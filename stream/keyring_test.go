package stream

import (
	"errors"
	"log/slog"
	"net/url"
	"testing"

	"ladderd/ingest"
)

func TestPassphraseIsTheChannels(t *testing.T) {
	h := NewHub([]Channel{
		{ID: "plain", Key: "key-plain", Insecure: true},
		{ID: "locked", Key: "key-locked", Passphrase: "0123456789"},
		{ID: "both", Key: "key-both", Passphrase: "9876543210", Insecure: true},
		{ID: "neither", Key: "key-neither"},
	}, Options{Log: slog.New(slog.DiscardHandler)})
	for _, c := range []struct {
		key, want string
		refused   error
	}{
		{"key-plain", "", nil}, {"key-locked", "0123456789", nil}, {"key-both", "9876543210", nil},
		{"key-neither", "", ingest.ErrInsecure}, {"key-other", "", ingest.ErrUnknownKey}, {"", "", ingest.ErrUnknownKey},
	} {
		if got, err := h.Passphrase(ingest.Request{Key: c.key}); got != c.want || !errors.Is(err, c.refused) {
			t.Errorf("%q: got %q and %v, want %q and %v", c.key, got, err, c.want, c.refused)
		}
	}
	h.Close()
	if _, err := h.Passphrase(ingest.Request{Key: "key-plain"}); !errors.Is(err, ingest.ErrDraining) {
		t.Errorf("closed: %v", err)
	}
}

// TestHandshakeRefusesWhatAcceptWould wants an SRT publisher to be told in the handshake,
// and the running stream not to notice.
func TestHandshakeRefusesWhatAcceptWould(t *testing.T) {
	c := basic
	c.Passphrase = "0123456789"
	relayed(t, c, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		r.join(t, "priority=5").send(t, shot.shoot(3)...)
		for _, test := range []struct {
			query   string
			refused error
		}{
			{"", ingest.ErrLive}, {"priority=5", ingest.ErrPriority}, {"priority=0", ingest.ErrPriority}, {"priority=6", nil},
		} {
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Passphrase(ingest.Request{Key: c.Key, Query: query}); !errors.Is(err, test.refused) {
				t.Errorf("%q: %v, want %v", test.query, err, test.refused)
			}
		}
		if st := r.status(); st.Priority != 5 || st.Takeovers != 0 || st.State != Live {
			t.Errorf("status %+v", st)
		}
		// Both have the same reason, and come at once: one of them is told.
		if got, want := r.names(), "Session Created, Stream Start, Stream Takeover Failure"; got != want {
			t.Errorf("events: %s", got)
		}
	})
}
