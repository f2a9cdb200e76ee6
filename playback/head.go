package playback

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// head is a request's head as a lane takes it.
type head struct {
	method, path, query, target string
	fields                      []byte // the lines of header, as they were last
	header                      http.Header
	host                        string
}

// headEnd is where the first head in b ends, with the empty line; 0 where it is
// not all there.
func headEnd(b []byte) int {
	if i := bytes.Index(b, []byte("\r\n\r\n")); i >= 0 {
		return i + 4
	}
	return 0
}

// parse reads a complete head, and is false where it is anything but the plain
// request of a player: that is for net/http to judge. A browser sends the same
// fields with each request, so they are read again only when they have changed.
// Nobody writes to the header, which a later request shares.
func (h *head) parse(b []byte) bool {
	line, fields, ok := bytes.Cut(b, []byte("\r\n"))
	if !ok || !h.parseLine(line) {
		return false
	}
	if h.header != nil && bytes.Equal(fields, h.fields) {
		return true
	}
	h.header, h.host = nil, ""
	header := make(http.Header, 12)
	for len(fields) > 2 {
		var field []byte
		if field, fields, ok = bytes.Cut(fields, []byte("\r\n")); !ok || !h.parseField(field, header) {
			return false
		}
	}
	if h.host == "" {
		return false
	}
	_, all, _ := bytes.Cut(b, []byte("\r\n"))
	h.fields, h.header = append(h.fields[:0], all...), header
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
	if !bytes.HasPrefix(target, []byte(sessionPrefix)) && !bytes.HasPrefix(target, []byte(streamPrefix)) {
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

func (h *head) parseField(field []byte, header http.Header) bool {
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
		if h.host != "" || !plainHost(value) {
			return false
		}
		h.host = string(value)
		return true // where net/http has it, too
	}
	header[key] = append(header[key], string(value))
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
