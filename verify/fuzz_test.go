package verify

import (
	"io"
	"net/http"
	"regexp"
	"testing"

	"ladderd/packager"
)

// listed finds an initialisation section and the parts in a playlist.
var listed = regexp.MustCompile(`#EXT-X-(?:MAP|PART):.*URI="([^"]+)"`)

// FuzzDemux reads media, and the initialisation section before them, as a server
// may send them.
func FuzzDemux(f *testing.F) {
	for _, container := range []packager.Container{packager.FMP4, packager.TS} {
		server := newOrigin(f, fault{frozen: true, options: func(o *packager.Options) { o.Container = container }})
		get := func(path string) []byte {
			r, err := http.Get(server.URL + prefix + names[0] + "/" + path)
			if err != nil {
				f.Fatal(err)
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != http.StatusOK {
				f.Fatalf("%s: %s, %v", path, r.Status, err)
			}
			return body
		}
		found := listed.FindAllSubmatch(get("index.m3u8"), -1)
		if len(found) < 3 {
			f.Fatalf("%d parts are listed", len(found))
		}
		f.Add(get(string(found[0][1])), get(string(found[1][1])))
		f.Add([]byte(nil), get(string(found[len(found)-1][1])))
	}
	f.Fuzz(func(t *testing.T, head, body []byte) {
		init, err := readInit(head)
		if err != nil {
			init = nil
		}
		m, err := demux(init, body)
		if err == nil && m.size != len(body) {
			t.Errorf("%d bytes are said to be %d", len(body), m.size)
		}
	})
}
