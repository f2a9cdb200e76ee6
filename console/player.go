// Package console holds the web pages that ladderd serves: today the player page
// of the demo. A page is plain HTML, one style sheet and a few ES modules, all
// embedded in the binary; it knows the rest of ladderd only by the URLs that
// anyone can call.
//
//	page.html            the page, an html/template
//	static/player.js     connects, waits, plays, recovers, ends: the page's loop
//	static/hls-engine.js playback by hls.js
//	static/pace.js       how fast it plays, to be as late as the playlist wants
//	static/switching.js  lets it change renditions between segments only
//	static/native-engine.js playback by the browser itself (Safari on phones)
//	static/view.js       all that touches the page's elements
//	static/chart.js      the latency curve
//	static/hls.min.js    hls.js, put there by the build and not committed
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// hls.js may be missing when this is compiled: the page then says how to get it.
//
//go:embed page.html static
var content embed.FS

// The script is what the page needs most and the one file that the build has to
// fetch.
const hlsScript = "static/hls.min.js"

var page = template.Must(template.ParseFS(content, "page.html"))

// Page says what the player page plays.
type Page struct {
	Title string // the channel's name, shown above the picture
	// PlaybackURL is the channel's multivariant playlist. A path without a host
	// is looked for on the server that served the page.
	PlaybackURL string
}

// Player serves the player page at / and what it needs below /static/. All of the
// page's links are relative, so it may be mounted below any prefix by
// http.StripPrefix. It fails where PlaybackURL is no URL of HTTP.
func Player(p Page) (http.Handler, error) {
	origin, err := originOf(p.PlaybackURL)
	if err != nil {
		return nil, err
	}
	_, missing := fs.Stat(content, hlsScript)
	var html bytes.Buffer
	if err := page.Execute(&html, struct {
		Page
		HasScript bool
	}{p, missing == nil}); err != nil {
		return nil, fmt.Errorf("render the player page: %w", err)
	}
	assets, err := readStatic()
	if err != nil {
		return nil, err
	}
	index := newAsset("page.html", html.Bytes())
	policy := securityPolicy(origin)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		index.serve(w, r)
	})
	mux.HandleFunc("GET /static/{file}", func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[r.PathValue("file")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		a.serve(w, r)
	})
	return mux, nil
}

// originOf is scheme://host of an absolute URL and empty for a path.
func originOf(playback string) (string, error) {
	u, err := url.Parse(playback)
	switch {
	case err != nil:
		return "", fmt.Errorf("playback URL: %w", err)
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return "", nil
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return u.Scheme + "://" + u.Host, nil
	}
	return "", fmt.Errorf("playback URL %q: neither an http(s) URL nor a path from the root", playback)
}

// securityPolicy lets the page load its own files, and media from its own server
// and from playback's. hls.js runs its demuxer in a worker made from a blob and
// hands the media over by a blob URL.
func securityPolicy(origin string) string {
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
		strings.TrimSpace("connect-src 'self' " + origin),
		strings.TrimSpace("media-src 'self' blob: " + origin),
		"worker-src blob:", "base-uri 'none'", "form-action 'none'",
	}, "; ")
}

// asset is one file of the page.
type asset struct {
	name, contentType, etag string
	body                    []byte
}

func newAsset(name string, body []byte) asset {
	sum := sha256.Sum256(body)
	contentType := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".js" {
		// A module is refused under any other type, and a machine's MIME table
		// may say otherwise.
		contentType = "text/javascript; charset=utf-8"
	}
	return asset{name: name, contentType: contentType, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, body: body}
}

func readStatic() (map[string]asset, error) {
	entries, err := fs.ReadDir(content, "static")
	if err != nil {
		return nil, fmt.Errorf("read the page's files: %w", err)
	}
	assets := make(map[string]asset, len(entries))
	for _, e := range entries {
		body, err := fs.ReadFile(content, path.Join("static", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the page's files: %w", err)
		}
		assets[e.Name()] = newAsset(e.Name(), body)
	}
	return assets, nil
}

// serve answers with the file; a browser asks again each time and is told 304
// until another binary serves another file.
func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", a.etag)
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.body))
}
