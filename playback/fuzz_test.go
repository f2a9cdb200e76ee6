package playback

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzPaths reads a path and a query as any viewer can send them: what is taken of
// them is what they say, and no session is genuine that was not minted.
func FuzzPaths(f *testing.F) {
	for _, path := range []string{
		"/hls/st-1/720p30/index.m3u8", "/v/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/hls/st-1/720p30/1.m4s",
		"/v//hls/a/b/c", "/hls/a//c", "/hls/a/b/c/d", "/api/video/v1/local.000000000000.channel.a.m3u8",
	} {
		f.Add(path, "_HLS_msn=1&_HLS_part=2")
	}
	for _, query := range []string{"_HLS_part=1", "_HLS_msn=-1", "_HLS_msn=9223372036854775808", "_HLS_skip=YES;", "_HLS_skip=v2&a=%zz", "_HLS_msn=1&_HLS_msn=2"} {
		f.Add("/hls/a/b/c", query)
	}
	known := newSessions()
	f.Fuzz(func(t *testing.T, path, query string) {
		if p, ok := placeOf(path); ok {
			want := streamPrefix + p.stream + "/" + p.rendition + "/" + p.name
			if p.session != "" {
				want = sessionPrefix + p.session + want
			}
			if want != path || strings.Contains(p.stream+p.rendition+p.name+p.session, "/") {
				t.Errorf("%q is read as %+v", path, p)
			}
			if known.genuine(p.session, p.stream) {
				t.Errorf("session %q was never minted", p.session)
			}
		}
		_ = unnamed(path)
		values, _ := url.ParseQuery(query)
		if q, err := directives(values); err == nil && (q.Part >= 0 && q.MSN < 0 || q.MSN < -1 || q.Part < -1) {
			t.Errorf("%q is read as %+v", query, q)
		}
	})
}
