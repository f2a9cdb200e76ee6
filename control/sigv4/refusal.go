package sigv4

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
)

// The codes of refusals, which are AWS's error types.
const (
	codeMissing    = "MissingAuthenticationTokenException"
	codeIncomplete = "IncompleteSignatureException"
	codeUnknown    = "UnrecognizedClientException"
	codeInvalid    = "InvalidSignatureException"
	codeExpired    = "ExpiredTokenException"
	codeThrottled  = "ThrottlingException"
)

// Refusal says why a request is not let in. Nothing in it is secret.
type Refusal struct {
	Code   string // AWS's error type
	Reason string
}

// Error is the code and the reason.
func (r *Refusal) Error() string { return r.Code + ": " + r.Reason }

// Status is what HTTP says of it, as AWS's list of common errors and the model of IVS have it.
func (r *Refusal) Status() int {
	switch r.Code {
	case codeIncomplete:
		return http.StatusBadRequest
	case codeThrottled:
		return http.StatusTooManyRequests
	}
	return http.StatusForbidden
}

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// tally counts refusals by code.
type tally struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (t *tally) count(code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[code]++
}

func (t *tally) snapshot() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}
