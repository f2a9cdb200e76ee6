package stream

import (
	"fmt"

	"ladderd/ingest"
)

// Passphrase is what an SRT publisher has to encrypt with, and empty where its channel
// takes plain SRT. It refuses unknown keys, channels that take neither, and whom Accept
// would refuse now: after the handshake SRT has no words for that. It answers at once and
// changes nothing. Of what it refuses Accept will not hear: it logs it, and tells of the
// events that there are for it.
func (h *Hub) Passphrase(r ingest.Request) (string, error) {
	channel, known := h.byKey(r.Key)
	a := admission{err: ingest.ErrUnknownKey}
	if known {
		a = h.expect(channel, r)
	}
	if a.err != nil {
		h.refuse(channel, r, a)
		return "", a.err
	}
	return channel.Passphrase, nil
}

// expect says whether somebody who is about to publish may.
func (h *Hub) expect(c Channel, r ingest.Request) admission {
	if c.Passphrase == "" && !c.Insecure {
		return admission{err: fmt.Errorf("%w: set srt_passphrase, or insecure_ingest to allow it", ingest.ErrInsecure)}
	}
	parameters, wrong := ingest.ReadParameters(r.Query)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.barred(c, parameters, wrong)
}
