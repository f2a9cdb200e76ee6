package playback

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// pseudo are the fields in front of the others (RFC 9113, 8.3.1).
type pseudo struct{ method, scheme, authority, path string }

// blank is what requests by HTTP/2 have in common.
var blank = http.Request{Proto: "HTTP/2.0", ProtoMajor: 2, Body: http.NoBody}

// request is the request as net/http would give it to a handler. What the framer has
// let through has well-formed fields, and pseudo fields once and in front.
func (m *road) request(x *exchange, f *http2.MetaHeadersFrame) (*http.Request, error) {
	malformed := http2.StreamError{StreamID: x.id, Code: http2.ErrCodeProtocol}
	p, regular, ok := cutPseudo(f.Fields)
	if !ok || !m.remember(p.authority, regular) {
		return nil, malformed
	}
	r := blank.WithContext(exchangeContext{x})
	r.Method, r.Header, r.Host = p.method, m.fields.header, m.fields.host
	r.TLS, r.RemoteAddr, r.RequestURI = m.state, m.address, p.path
	if p.method == http.MethodConnect {
		r.URL, r.RequestURI = &url.URL{Host: p.authority}, p.authority
	} else if r.URL = urlOf(p.path); r.URL == nil {
		return nil, malformed
	}
	if !f.StreamEnded() {
		r.ContentLength = -1
	}
	if text := r.Header["Content-Length"]; text != nil {
		n, err := strconv.ParseUint(text[0], 10, 63)
		if err != nil || len(text) > 1 || f.StreamEnded() && n > 0 {
			return nil, malformed
		}
		r.ContentLength = int64(n)
	}
	x.announced, x.bare = r.ContentLength, p.method == http.MethodHead
	return r, nil
}

// cutPseudo is not ok where they are not those of a request.
func cutPseudo(list []hpack.HeaderField) (p pseudo, regular []hpack.HeaderField, ok bool) {
	for ; len(list) > 0 && list[0].IsPseudo(); list = list[1:] {
		switch value := list[0].Value; list[0].Name {
		case ":method":
			p.method = value
		case ":scheme":
			p.scheme = value
		case ":authority":
			p.authority = value
		case ":path":
			p.path = value
		default:
			return p, nil, false
		}
	}
	if p.method == http.MethodConnect {
		ok = p.path == "" && p.scheme == "" && p.authority != ""
	} else {
		ok = p.path != "" && (p.scheme == "https" || p.scheme == "http") && httpguts.ValidHeaderFieldName(p.method)
	}
	return p, list, ok
}

// urlOf is a target's URL; nil where it is none.
func urlOf(target string) *url.URL {
	if target[0] == '/' && !strings.HasPrefix(target, "//") && plainTarget(target) {
		u := new(url.URL)
		u.Path, u.RawQuery, _ = strings.Cut(target, "?")
		return u
	}
	u, err := url.ParseRequestURI(target)
	if err != nil || target[0] != '/' && target != "*" {
		return nil
	}
	return u
}

func plainTarget(target string) bool {
	for i := range len(target) {
		if !plainInTarget[target[i]] {
			return false
		}
	}
	return true
}

// remember makes the request's fields m.fields. The same viewer sends the same again
// and again, and others do too, so they are made into a header only where they are new.
func (m *road) remember(authority string, list []hpack.HeaderField) bool {
	pooled := records.Get().(*[]byte)
	defer records.Put(pooled)
	text := append((*pooled)[:0], authority...)
	for _, f := range list {
		text = append(append(append(append(text, 0), f.Name...), 0), f.Value...)
	}
	*pooled = text
	if m.fields != nil && string(text) == m.fields.text {
		return true
	}
	if f := m.express.known.find(text); f != nil {
		m.fields = f
		return true
	}
	f := &fields{text: string(text), header: make(http.Header, len(list)), host: authority}
	for _, field := range list {
		if !f.addLower(field.Name, field.Value) {
			return false
		}
	}
	hosts := f.header["Host"]
	if f.host == "" {
		f.host = f.header.Get("Host")
	}
	delete(f.header, "Host") // where net/http has it, too
	if !httpguts.ValidHostHeader(f.host) || slices.ContainsFunc(hosts, f.elsewhere) {
		return false
	}
	m.fields = f
	if _, body := f.header["Content-Length"]; !body {
		m.express.known.keep(f)
	}
	return true
}

// elsewhere says whether a Host field names another host than the request does. What
// stands before us may go by the one while we go by the other (RFC 9113, 8.3.1).
func (f *fields) elsewhere(host string) bool {
	const port = ":443" // of https, where none is told
	return !strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(f.host, port))
}

// addLower adds a field as HTTP/2 has it; those that are about an HTTP/1 connection
// make a request malformed (RFC 9113, 8.2.2). Cookies come in pieces (8.2.3).
func (f *fields) addLower(name, value string) bool {
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return false
	case "te":
		if value != "trailers" {
			return false
		}
	}
	key := http.CanonicalHeaderKey(name)
	if values := f.header[key]; key == "Cookie" && len(values) > 0 {
		values[0] += "; " + value
		return true
	}
	f.header[key] = append(f.header[key], value)
	return true
}
