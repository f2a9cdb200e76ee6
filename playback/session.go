package playback

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// A session's text is, in URL-safe base64, 16 random bytes and the first 8 of
// their HMAC with the stream's id. So a session costs no memory until it is used,
// is good for its own stream only, comes back after any pause, and cannot be made
// up: what counts views or limits them can rely on the multivariant request having
// been let in.
const (
	sessionRandom = 16
	sessionProof  = 8
	sessionLength = (sessionRandom + sessionProof) / 3 * 4 // characters
)

var errNoSession = errors.New("there is no such viewer session; load the multivariant playlist again")

// sessions makes viewer sessions and knows them again. Its key is the process's
// own: no stream outlives the process, so neither needs a session to.
type sessions struct {
	key [sha256.Size]byte
}

func newSessions() *sessions {
	s := new(sessions)
	_, _ = rand.Read(s.key[:]) // never fails: crypto/rand ends the process first
	return s
}

// mint makes a session of the stream.
func (s *sessions) mint(stream string) string {
	var id [sessionRandom + sessionProof]byte
	_, _ = rand.Read(id[:sessionRandom])
	s.prove(id[:sessionRandom], stream, id[sessionRandom:])
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// genuine says whether mint made the session for the stream.
func (s *sessions) genuine(session, stream string) bool {
	var id [sessionRandom + sessionProof]byte
	if len(session) != sessionLength {
		return false
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(id[:], []byte(session)); err != nil {
		return false
	}
	var want [sessionProof]byte
	s.prove(id[:sessionRandom], stream, want[:])
	return hmac.Equal(want[:], id[sessionRandom:])
}

func (s *sessions) prove(random []byte, stream string, into []byte) {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write(random)
	mac.Write([]byte(stream))
	copy(into, mac.Sum(nil))
}
