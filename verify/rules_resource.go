package verify

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// resourceRules are about how media are sent.
var resourceRules = []Rule{
	{
		ID: "available", Section: "6.2.2", Severity: Must, resource: available,
		Text: "All that playlists list can be fetched.",
	},
	{
		ID: "byte-range", Section: "B.1", Severity: Must, resource: byteRange,
		Text: "What is listed as a byte range is answered with that range, and no more.",
	},
	{
		ID: "media-type", Section: "notes", Severity: Must, resource: mediaTypes,
		Text: "Media have the media type of their container.",
	},
	{
		ID: "media-cors", Section: "notes", Severity: Should, resource: mediaCORS,
		Text: "Media can be read by pages of any origin.",
	},
	{
		ID: "media-cors-vary", Section: "notes", Severity: Must, resource: mediaCORSVary,
		Text: "Media that name the page's origin say that they vary with Origin, or a cache hands them to pages of others.",
	},
	{
		ID: "media-cache", Section: "notes", Severity: Should, resource: mediaCache,
		Text: "Caches may keep media for at least six target durations: a segment does not change.",
	},
	{
		ID: "media-plain", Section: "notes", Severity: Should, resource: mediaPlain,
		Text: "Media are not compressed once more.",
	},
}

func (r *resource) sent() bool {
	return r.reply.status == http.StatusOK || r.reply.status == http.StatusPartialContent
}

func available(f *finder, r *resource) {
	if !r.sent() {
		f.found(r.line, "%s is answered with %d", r.reply.url, r.reply.status)
	} else if len(r.reply.body) == 0 {
		f.found(r.line, "%s is empty", r.reply.url)
	}
}

func byteRange(f *finder, r *resource) {
	if r.span != nil && r.sent() && (r.reply.status != http.StatusPartialContent || int64(len(r.reply.body)) != r.span.Length) {
		f.at(r.reply.url).found(0, "a range of %d bytes is answered with %d and %d bytes", r.span.Length, r.reply.status, len(r.reply.body))
	}
}

// typesOf are the media types of a container, video's before audio's (RFC 8216, 10,
// and RFC 6381).
var typesOf = map[container][]string{
	fragmented: {"video/mp4", "video/iso.segment", "audio/mp4", "application/mp4"},
	transport:  {"video/mp2t"},
	packed:     {"audio/aac", "audio/mpeg", "audio/ac3", "audio/eac3"},
}

func mediaTypes(f *finder, r *resource) {
	allowed := typesOf[r.kind]
	if kind := strings.ToLower(mediaType(r.reply)); r.sent() && len(allowed) > 0 && !slices.Contains(allowed, kind) {
		f.at(r.reply.url).found(0, "Content-Type is %q", kind)
	}
}

func mediaCORS(f *finder, r *resource) {
	if r.sent() {
		wantCORS(f.at(r.reply.url), r.reply)
	}
}

func mediaCORSVary(f *finder, r *resource) {
	if r.sent() {
		wantOriginVary(f.at(r.reply.url), r.reply)
	}
}

func mediaCache(f *finder, r *resource) {
	age, told := maxAge(r.reply)
	if want := 6 * r.target; r.sent() && (!told || age < want) {
		f.at(r.reply.url).found(0, "Cache-Control is %q; six target durations are %v", r.reply.header.Get("Cache-Control"), want.Round(time.Second))
	}
}

func mediaPlain(f *finder, r *resource) {
	if coding := r.reply.header.Get("Content-Encoding"); r.sent() && coding != "" && coding != "identity" {
		f.at(r.reply.url).found(0, "Content-Encoding is %q", coding)
	}
}
