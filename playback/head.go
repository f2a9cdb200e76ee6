package playback

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// head is a request's head as a lane takes it.
type head struct {
	method, path, query, target string
	*fields                     // nil before the first request
	known                       *knownFields
}

// fields are the lines below the request line. They are not written to: later
// requests have them, and other viewers.
type fields struct {
	text   string
	header http.Header
	host   string
}

// knownFields are those that viewers have sent: the same browser sends the same,
// and kept for each viewer they would be a third of its memory.
type knownFields struct {
	mu    sync.Mutex
	known map[string]*fields
}

// Bounds of knownFields: what does not fit is kept by its viewer alone.
const (
	knownMost   = 1024
	knownLength = 2 << 10 // bytes
)

func newKnownFields() *knownFields { return &knownFields{known: make(map[string]*fields)} }

func (k *knownFields) find(text []byte) *fields {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[string(text)]
}

// keep forgets all where there is no room: what is in use comes back.
func (k *knownFields) keep(f *fields) {
	if len(f.text) > knownLength {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= knownMost {
		clear(k.known)
	}
	k.known[f.text] = f
}

// headEnd is where the first head in b ends, with the empty line; 0 where it is
// not all there. Lines may end without a carriage return (RFC 9112, 2.2): parse
// does not take such a head, but net/http does, and must come to see it.
func headEnd(b []byte) int {
	for at := 0; ; {
		line := bytes.IndexByte(b[at:], '\n')
		if line < 0 {
			return 0
		}
		at += line + 1
		switch next := b[at:]; {
		case len(next) > 0 && next[0] == '\n':
			return at + 1
		case len(next) > 1 && next[0] == '\r' && next[1] == '\n':
			return at + 2
		}
	}
}

// parse reads a complete head, and is false where it is anything but the plain
// request of a player: that is for net/http to judge. A browser sends the same
// fields with each request, so they are read again only when they have changed.
func (h *head) parse(b []byte) bool {
	line, text, ok := bytes.Cut(b, []byte("\r\n"))
	if !ok || !h.parseLine(line) {
		return false
	}
	if h.fields != nil && string(text) == h.fields.text {
		return true
	}
	if h.fields = h.known.find(text); h.fields != nil {
		return true
	}
	f := &fields{text: string(text), header: make(http.Header, 12)}
	for len(text) > 2 {
		var field []byte
		if field, text, ok = bytes.Cut(text, []byte("\r\n")); !ok || !f.add(field) {
			return false
		}
	}
	if f.host == "" || string(text) != "\r\n" {
		return false
	}
	h.fields = f
	h.known.keep(f)
	return true
}

// parseLine reads the request line.
func (h *head) parseLine(line []byte) bool {
	rest, ok := bytes.CutSuffix(line, []byte(" HTTP/1.1"))
	if !ok {
		return false
	}
	method, target, _ := bytes.Cut(rest, []byte(" "))
	switch string(method) {
	case http.MethodGet:
		h.method = http.MethodGet
	case http.MethodHead:
		h.method = http.MethodHead
	default:
		return false
	}
	if !viewers(target) {
		return false
	}
	for _, c := range target {
		if !plainInTarget[c] {
			return false
		}
	}
	h.target = string(target)
	h.path, h.query, _ = strings.Cut(h.target, "?")
	return true
}

// viewers says whether a target is one of playback's. Pages are not: a viewer's
// connection stays with net/http once it was there, and so the first request counts.
func viewers(target []byte) bool {
	for _, prefix := range []string{sessionPrefix, streamPrefix, channelPrefix} {
		if bytes.HasPrefix(target, []byte(prefix)) {
			return true
		}
	}
	return false
}

// plainInTarget are the characters that stand for themselves in a path and in a
// query; of the others some do too, and some players may send them.
var plainInTarget = func() (plain [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?=&") {
		plain[c] = true
	}
	return plain
}()

// notPlain are the fields that say something about the connection or a body, by
// their canonical names.
var notPlain = map[string]bool{
	"Content-Length": true, "Transfer-Encoding": true, "Trailer": true, "Te": true, "Upgrade": true, "Expect": true,
	"Proxy-Connection": true, "Keep-Alive": true, "Http2-Settings": true,
}

// add reads one field.
func (f *fields) add(field []byte) bool {
	name, value, ok := bytes.Cut(field, []byte(":"))
	if !ok || len(name) == 0 {
		return false
	}
	for _, c := range name {
		if c != '-' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	value = bytes.Trim(value, " \t")
	for _, c := range value {
		if c < ' ' || c > '~' {
			return false
		}
	}
	key := http.CanonicalHeaderKey(string(name))
	switch {
	case notPlain[key]:
		return false
	case key == "Connection":
		if !strings.EqualFold(string(value), "keep-alive") {
			return false
		}
	case key == "Host":
		if f.host != "" || !plainHost(value) {
			return false
		}
		f.host = string(value)
		return true // where net/http has it, too
	}
	f.header[key] = append(f.header[key], string(value))
	return true
}

func plainHost(host []byte) bool {
	for _, c := range host {
		if !plainInTarget[c] && c != ':' && c != '[' && c != ']' || bytes.IndexByte([]byte("/?=&"), c) >= 0 {
			return false
		}
	}
	return len(host) > 0
}

// request is the request as net/http would give it to a handler, with the context
// of like.
func (h *head) request(like *http.Request, from string) *http.Request {
	made := &struct {
		request http.Request
		url     url.URL
	}{request: *like}
	made.url = url.URL{Path: h.path, RawQuery: h.query}
	r := &made.request
	r.Method, r.URL, r.RequestURI = h.method, &made.url, h.target
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.Header, r.Host, r.Body, r.RemoteAddr = h.header, h.host, http.NoBody, from
	return r
}
