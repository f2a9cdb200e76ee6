// Package shaka serves a page that plays a channel with Shaka Player, for tests: a
// second player that is not ours and shares no code with hls.js.
//
// Its state is window.ladderd, with the fields and methods of the player page's
// (package console) that tests look at, so that one test drives both.
//
//	static/page.html, page.js   the page
//	static/shaka-player.js      Shaka Player, fetched by make setup-test and not committed
package shaka

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
)

//go:embed static
var content embed.FS

// ErrNotFetched says that the player was not there when the test was compiled.
var ErrNotFetched = errors.New("shaka-player is not here: run make setup-test")

// Page serves the page, whose address is URL's. Its error is ErrNotFetched.
func Page() (http.Handler, error) {
	static, err := fs.Sub(content, "static")
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(static, "shaka-player.js"); err != nil {
		return nil, ErrNotFetched
	}
	return http.FileServerFS(static), nil
}

// URL is the page's on a server that serves Page, for the multivariant playlist at
// playback, an absolute URL.
func URL(server, playback string) string {
	return server + "/page.html?" + url.Values{"playback": {playback}}.Encode()
}
