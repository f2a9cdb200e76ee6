package stream

import (
	"errors"
	"log/slog"
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
		if got, err := h.Passphrase(c.key); got != c.want || !errors.Is(err, c.refused) {
			t.Errorf("%q: got %q and %v, want %q and %v", c.key, got, err, c.want, c.refused)
		}
	}
	h.Close()
	if _, err := h.Passphrase("key-plain"); !errors.Is(err, ingest.ErrDraining) {
		t.Errorf("closed: %v", err)
	}
}
