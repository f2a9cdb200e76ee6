package stream

import (
	"fmt"

	"ladderd/ingest"
)

// Passphrase is what the SRT publishers of the channel with the stream key have to
// encrypt with, and empty where the channel takes plain SRT. It refuses unknown keys and
// channels that take neither. It answers at once and changes nothing: Accept still
// decides.
func (h *Hub) Passphrase(key string) (string, error) {
	channel, known := h.byKey(key)
	switch {
	case !known:
		return "", ingest.ErrUnknownKey
	case channel.Passphrase == "" && !channel.Insecure:
		return "", fmt.Errorf("%w: set srt_passphrase, or insecure_ingest to allow it", ingest.ErrInsecure)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return "", ingest.ErrDraining
	}
	return channel.Passphrase, nil
}
