package verify

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"ladderd/m3u8"
)

// documentRules are about playlists of both kinds, and how they are sent.
var documentRules = []Rule{
	{
		ID: "grammar", Section: "4.1", Severity: Must, document: grammar,
		Text: "Playlists keep the grammar.",
	},
	{
		ID: "version", Section: "8", Severity: Must, document: version,
		Text: "EXT-X-VERSION is at least what the playlist's features need.",
	},
	{
		ID: "playlist-known", Section: "4", Severity: Must, document: playlistKnown,
		Text: "Playlists are known by their path, .m3u8 or .m3u, or by their media type.",
	},
	{
		ID: "playlist-type", Section: "notes", Severity: Should, document: playlistType,
		Text: "Playlists have the media type application/vnd.apple.mpegurl or audio/mpegurl.",
	},
	{
		ID: "playlist-cors", Section: "notes", Severity: Should, document: playlistCORS,
		Text: "Playlists can be read by pages of any origin.",
	},
	{
		ID: "playlist-cors-vary", Section: "notes", Severity: Must, document: playlistCORSVary,
		Text: "Playlists that name the page's origin say that they vary with Origin, or a cache hands them to pages of others.",
	},
	{
		ID: "playlist-gzip", Section: "6.2.1", Severity: Should, document: playlistGzip,
		Text: "Media playlists come compressed to clients that take gzip.",
	},
	{
		ID: "playlist-vary", Section: "notes", Severity: Must, document: playlistVary,
		Text: "Compressed playlists say that they vary with Accept-Encoding, or a cache hands them to clients that cannot read them.",
	},
	{
		ID: "playlist-cache", Section: "notes", Severity: Must, document: playlistCache,
		Text: "Caches keep a playlist that changes no longer than half a target duration.",
	},
}

func grammar(f *finder, d *document) {
	for _, p := range d.header.Problems {
		f.found(p.Line, "%s", p.Text)
	}
}

func version(f *finder, d *document) {
	for _, n := range d.needs {
		if d.header.Version < n.version {
			f.found(n.line, "%s needs version %d, the playlist has %d", n.what, n.version, d.header.Version)
		}
	}
}

// mediaNeeds are the features that need a protocol version (section 8).
func mediaNeeds(p *m3u8.Media) []need {
	var needs []need
	want := func(line, version int, what string) {
		if line > 0 {
			needs = append(needs, need{line, version, what})
		}
	}
	for i := range p.Segments {
		if s := &p.Segments[i]; !s.WholeSeconds {
			want(s.Line, 3, "EXTINF that is no integer")
			break
		}
	}
	want(p.Line("EXT-X-BYTERANGE"), 4, "EXT-X-BYTERANGE")
	want(p.Line("EXT-X-I-FRAMES-ONLY"), 4, "EXT-X-I-FRAMES-ONLY")
	if p.IFramesOnly {
		want(p.Line("EXT-X-MAP"), 5, "EXT-X-MAP")
	} else {
		want(p.Line("EXT-X-MAP"), 6, "EXT-X-MAP")
	}
	for _, k := range p.Keys {
		if _, told := k.Attributes["IV"]; told {
			want(k.Line, 2, "IV of EXT-X-KEY")
		}
		_, format := k.Attributes["KEYFORMAT"]
		_, formats := k.Attributes["KEYFORMATVERSIONS"]
		if format || formats || k.Attributes["METHOD"].Text == "SAMPLE-AES" {
			want(k.Line, 5, "KEYFORMAT, KEYFORMATVERSIONS or METHOD=SAMPLE-AES of EXT-X-KEY")
		}
	}
	want(p.Substituted, 8, "a variable")
	want(p.QueryParam, 11, "EXT-X-DEFINE with QUERYPARAM")
	if p.Skip != nil {
		want(p.Skip.Line, 9, "EXT-X-SKIP")
		if len(p.Skip.Removed) > 0 {
			want(p.Skip.Line, 10, "RECENTLY-REMOVED-DATERANGES")
		}
	}
	return needs
}

// multivariantNeeds are those of a multivariant playlist.
func multivariantNeeds(p *m3u8.Multivariant) []need {
	needs := []need{{p.Substituted, 8, "a variable"}, {p.QueryParam, 11, "EXT-X-DEFINE with QUERYPARAM"}}
	for _, r := range p.Renditions {
		switch {
		case strings.HasPrefix(r.InstreamID, "SERVICE"):
			needs = append(needs, need{r.Line, 7, "INSTREAM-ID of a SERVICE"})
		case r.InstreamID != "" && r.Type != "CLOSED-CAPTIONS":
			needs = append(needs, need{r.Line, 13, "INSTREAM-ID of what is no closed caption"})
		}
	}
	for _, v := range slices.Concat(p.Variants, p.IFrames) {
		for name := range v.Told {
			if strings.HasPrefix(name, "REQ-") {
				needs = append(needs, need{v.Line, 12, name})
			}
		}
	}
	return slices.DeleteFunc(needs, func(n need) bool { return n.line == 0 })
}

func playlistKnown(f *finder, d *document) {
	u, err := url.Parse(d.reply.base)
	if kind := strings.ToLower(mediaType(d.reply)); kind == "application/vnd.apple.mpegurl" || kind == "audio/mpegurl" || err != nil {
		return
	}
	if !strings.HasSuffix(u.Path, ".m3u8") && !strings.HasSuffix(u.Path, ".m3u") {
		f.found(0, "the path is %s, Content-Type %q", u.Path, d.reply.header.Get("Content-Type"))
	}
}

func playlistType(f *finder, d *document) {
	kind := strings.ToLower(mediaType(d.reply))
	if kind != "application/vnd.apple.mpegurl" && kind != "audio/mpegurl" && kind != "application/x-mpegurl" {
		f.found(0, "Content-Type is %q", d.reply.header.Get("Content-Type"))
	}
}

func mediaType(r *reply) string {
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	return strings.TrimSpace(kind)
}

func playlistCORS(f *finder, d *document) { wantCORS(f, d.reply) }

func wantCORS(f *finder, r *reply) {
	if allowed := r.header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != pageOrigin {
		f.found(0, "the answer of status %d has the Access-Control-Allow-Origin %q", r.status, allowed)
	}
}

func playlistCORSVary(f *finder, d *document) { wantOriginVary(f, d.reply) }

// wantOriginVary wants an answer that is for one origin to say so (Fetch Standard,
// "CORS protocol and HTTP caches").
func wantOriginVary(f *finder, r *reply) {
	if r.header.Get("Access-Control-Allow-Origin") == pageOrigin && !varies(r, "origin") {
		f.found(0, "Access-Control-Allow-Origin is the request's Origin, Vary is %q", r.header.Values("Vary"))
	}
}

// varies says whether an answer tells caches that it depends on a request's field,
// whose name is in lower case.
func varies(r *reply, field string) bool {
	for name := range strings.SplitSeq(strings.ToLower(strings.Join(r.header.Values("Vary"), ",")), ",") {
		if name = strings.TrimSpace(name); name == field || name == "*" {
			return true
		}
	}
	return false
}

// worthZipping is the size in bytes from which compressing a playlist pays.
const worthZipping = 1400

func playlistGzip(f *finder, d *document) {
	if d.target > 0 && !d.reply.zipped && len(d.reply.body) > worthZipping {
		f.found(0, "%d bytes came uncompressed", len(d.reply.body))
	}
}

func playlistVary(f *finder, d *document) {
	if d.reply.zipped && !varies(d.reply, "accept-encoding") {
		f.found(0, "Vary is %q", d.reply.header.Values("Vary"))
	}
}

func playlistCache(f *finder, d *document) {
	if !d.changes {
		return
	}
	// Half a target duration is how long a client waits that got nothing new (6.3.4).
	limit := max(d.target/2, time.Second)
	if age, ok := maxAge(d.reply); !ok {
		f.found(0, "Cache-Control is %q: how long a cache may keep the playlist is left to it", d.reply.header.Get("Cache-Control"))
	} else if age > limit {
		f.found(0, "caches may keep it for %v", age)
	}
}

// age is how long an answer has been in caches (RFC 9111, 5.1).
func age(r *reply) time.Duration {
	seconds, err := strconv.ParseUint(r.header.Get("Age"), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// maxAge is how long shared caches may keep an answer; ok is false where it does
// not say.
func maxAge(r *reply) (age time.Duration, ok bool) {
	for _, item := range strings.Split(strings.Join(r.header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(item)), "=")
		switch name {
		case "no-store", "no-cache", "private":
			return 0, true
		case "s-maxage", "max-age":
			seconds, err := time.ParseDuration(strings.Trim(value, `"`) + "s")
			if err == nil && (!ok || name == "s-maxage") {
				age, ok = seconds, true
			}
		}
	}
	return age, ok
}
