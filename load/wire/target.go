package wire

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Origin is a server: what a connection leads to. Origins are compared by value.
type Origin struct {
	Scheme string // "http" or "https"
	Host   string // as in the URL, with the port where it has one
}

// Target is what a request asks for. It is kept in pieces, which many requests
// share, so that asking makes no garbage.
type Target struct {
	Origin Origin
	Dir    string // the path up to its last slash, escaped
	Name   string // the rest of the path
	Query  string // without the question mark
	Range  string // value of the Range header, "bytes=0-99"; empty for all of it
}

var errScheme = errors.New("neither http nor https")

// Parse reads an absolute URL.
func Parse(text string) (Target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Target{}, err
	}
	return fromURL(u)
}

func fromURL(u *url.URL) (Target, error) {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Target{}, fmt.Errorf("%s: %w", u.Redacted(), errScheme)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	last := strings.LastIndexByte(path, '/') + 1
	return Target{Origin: Origin{u.Scheme, u.Host}, Dir: path[:last], Name: path[last:], Query: u.RawQuery}, nil
}

// Resolve finds what a playlist at t calls ref (RFC 3986, 5.2).
func (t Target) Resolve(ref string) (Target, error) {
	if ref != "" && !strings.ContainsAny(ref, ":?#% ") && ref[0] != '/' && ref[0] != '.' && !strings.Contains(ref, "/.") {
		// What nearly all playlists have: a name, or names, below their own.
		last := strings.LastIndexByte(ref, '/') + 1
		if last > 0 {
			return Target{Origin: t.Origin, Dir: t.Dir + ref[:last], Name: ref[last:]}, nil
		}
		return Target{Origin: t.Origin, Dir: t.Dir, Name: ref}, nil
	}
	base, err := url.Parse(t.String())
	if err != nil {
		return Target{}, err
	}
	u, err := base.Parse(ref)
	if err != nil {
		return Target{}, err
	}
	return fromURL(u)
}

// String is the URL.
func (t Target) String() string {
	s := t.Origin.Scheme + "://" + t.Origin.Host + t.Dir + t.Name
	if t.Query != "" {
		s += "?" + t.Query
	}
	return s
}

// With is t with a query behind the one that it has.
func (t Target) With(query string) Target {
	if t.Query != "" {
		query = t.Query + "&" + query
	}
	t.Query = query
	return t
}

// address is where to dial.
func (o Origin) address() string {
	if _, _, err := net.SplitHostPort(o.Host); err == nil {
		return o.Host
	}
	port := "80"
	if o.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(strings.Trim(o.Host, "[]"), port)
}
