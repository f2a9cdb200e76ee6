package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const (
	// skew is how far a request's date may be from the clock here.
	skew       = 15 * time.Minute
	dateLayout = "20060102T150405Z"
	// strangersSecret is what requests of unknown keys are signed with here, so that they
	// take as long as others. What it signs is refused.
	strangersSecret = "0123456789abcdefghijABCDEFGHIJ0123456789"
)

// Key is an access key.
type Key struct {
	ID, Secret string
	// Token is the session token of temporary credentials; empty for permanent ones.
	Token string
	// Expires is when the key is refused from; zero is never.
	Expires time.Time
}

// Format prints the id and nothing else.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.ID) }

// LogValue is the id.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.ID) }

// Options are what a Verifier is made with.
type Options struct {
	Region, Service string // that requests are signed for
	// Key finds an access key by its id. It is called for every request, on the request's
	// goroutine.
	Key func(id string) (Key, bool)
	Now func() time.Time // nil is time.Now
	// Repeats says which requests may come again within two seconds with the same signature
	// and another unsigned invocation id, as the AWS CLI sends them; nil is all.
	Repeats func(*http.Request) bool
	// Unmarked has those requests come again that say nothing of themselves too, as old AWS CLIs
	// send them: for what only reads.
	Unmarked bool
}

// Verifier verifies requests, on any goroutine.
type Verifier struct {
	o       Options
	replays replays
	refused tally
}

// New makes a Verifier that has accepted nothing yet.
func New(o Options) *Verifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Verifier{
		o: o, replays: replays{minutes: map[int64]map[mark]time.Time{}}, refused: tally{counts: map[string]int64{}},
	}
}

// Refused counts the refusals by their code.
func (v *Verifier) Refused() map[string]int64 { return v.refused.snapshot() }

// Verify finds out whose request r is; body is all of its body, as it was received. The error
// is a *Refusal.
func (v *Verifier) Verify(r *http.Request, body []byte) (Key, error) {
	key, refusal := v.verify(r, body)
	if refusal != nil {
		v.refused.count(refusal.Code)
		return Key{}, refusal
	}
	return key, nil
}

func (v *Verifier) verify(r *http.Request, body []byte) (Key, *Refusal) {
	now := v.o.Now()
	a, refusal := authorizationOf(r)
	if refusal != nil {
		return Key{}, refusal
	}
	if refusal := checkSigned(r, a); refusal != nil {
		return Key{}, refusal
	}
	date, refusal := v.checkScope(r, a, now)
	if refusal != nil {
		return Key{}, refusal
	}
	digest, refusal := checkBody(r, body)
	if refusal != nil {
		return Key{}, refusal
	}
	texts, refusal := canonical(r, a, digest, len(body))
	if refusal != nil {
		return Key{}, refusal
	}
	key, refusal := v.checkSecrets(r, a, texts, now)
	if refusal != nil {
		return Key{}, refusal
	}
	if refusal := v.replays.accept(mark(a.signature[:16]), v.callMark(r, a), date, now); refusal != nil {
		return Key{}, refusal
	}
	return key, nil
}

// checkSigned wants what could be altered otherwise signed, and what is read here once only.
func checkSigned(r *http.Request, a *authorization) *Refusal {
	if !a.signs("host") {
		return refuse(codeIncomplete, "the header host is not signed")
	}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if !strings.HasPrefix(name, "x-amz-") {
			continue
		}
		if !a.signs(name) {
			return refuse(codeIncomplete, "the header %s is not signed", name)
		}
		if len(values) != 1 {
			return refuse(codeIncomplete, "the request has %d %s headers", len(values), name)
		}
	}
	return nil
}

// checkScope compares what a signature is good for with where and when it is used.
func (v *Verifier) checkScope(r *http.Request, a *authorization, now time.Time) (time.Time, *Refusal) {
	sent := r.Header.Get("X-Amz-Date")
	date, err := time.Parse(dateLayout, sent)
	switch {
	case sent == "":
		return date, refuse(codeIncomplete, "the request has no X-Amz-Date header")
	case err != nil || date.Format(dateLayout) != sent:
		return date, refuse(codeIncomplete, "the X-Amz-Date header is not like %s", dateLayout)
	case a.date != sent[:len(a.date)]:
		return date, refuse(codeInvalid, "the credential is for another day than X-Amz-Date")
	case a.region != v.o.Region:
		return date, refuse(codeInvalid, "the credential is for another region: this is %s", v.o.Region)
	case a.service != v.o.Service:
		return date, refuse(codeInvalid, "the credential is for another service: this is %s", v.o.Service)
	case date.Before(now.Add(-skew)):
		return date, refuse(codeInvalid, "signature expired: %s is more than 15 min before %s", sent, now.UTC().Format(dateLayout))
	case date.After(now.Add(skew)):
		return date, refuse(codeInvalid, "signature not yet current: %s is more than 15 min after %s", sent, now.UTC().Format(dateLayout))
	}
	return date, nil
}

// checkBody is the SHA-256 of the body. Where the client has said what it is, it has to be
// that, which no word like UNSIGNED-PAYLOAD is.
func checkBody(r *http.Request, body []byte) (string, *Refusal) {
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	switch told := r.Header.Get("X-Amz-Content-Sha256"); {
	case told == "" || told == digest:
		return digest, nil
	case told == "UNSIGNED-PAYLOAD" || strings.HasPrefix(told, "STREAMING-"):
		return "", refuse(codeInvalid, "the body has to be signed as a whole")
	}
	return "", refuse(codeInvalid, "the body is not the one that X-Amz-Content-Sha256 is of")
}

// checkSecrets takes the same way for known and unknown keys, until all is known.
func (v *Verifier) checkSecrets(r *http.Request, a *authorization, texts []string, now time.Time) (Key, *Refusal) {
	key, known := v.o.Key(a.id)
	if !known {
		key = Key{Secret: strangersSecret}
	}
	signed := 0
	for _, text := range texts {
		signed |= subtle.ConstantTimeCompare(signature(key.Secret, a, r.Header.Get("X-Amz-Date"), text), a.signature[:])
	}
	sent, want := sha256.Sum256([]byte(r.Header.Get("X-Amz-Security-Token"))), sha256.Sum256([]byte(key.Token))
	token := subtle.ConstantTimeCompare(sent[:], want[:])
	switch {
	case !known:
		return Key{}, refuse(codeUnknown, "the access key is not known")
	case signed != 1:
		return Key{}, refuse(codeInvalid, "the signature is not the one that this request has with the secret access key of its access key id")
	case token != 1:
		return Key{}, refuse(codeUnknown, "the session token is not that of the access key")
	case !key.Expires.IsZero() && !now.Before(key.Expires):
		return Key{}, refuse(codeExpired, "the credentials have expired")
	}
	return key, nil
}
