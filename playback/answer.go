package playback

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ladderd/packager"
)

const allowedMethods = "GET, HEAD, OPTIONS"

// A viewer has stallTimeout for each writePiece bytes, which is 140 kb/s; one who
// takes longer has stalled for good at any bit rate worth watching, and is cut off.
// So is one who takes longer over media than stallTimeout and patience times as long as
// they last: that viewer cannot watch them, and holds what they lie in.
const (
	stallTimeout = 15 * time.Second
	writePiece   = 256 << 10
	patience     = 2
)

// What caches are told. mediaCaching holds for every part, segment and init section:
// the stream's id in its path is never used again, so what lies there cannot change.
const (
	mediaCaching = "public, max-age=86400, immutable"
	finalCaching = "public, max-age=3600"
	noCache      = "no-cache"
	noStore      = "no-store"
)

// Headers that answers share. net/http reads a header's values and does not write
// to them, so one slice serves everyone.
var (
	anyOrigin     = []string{"*"}
	crossOrigin   = []string{"cross-origin"}
	exposed       = []string{"Content-Length, Content-Range, Date, Age"}
	varyOrigin    = []string{"Origin"}
	varyEncoding  = []string{"Origin, Accept-Encoding"}
	encodingGzip  = []string{"gzip"}
	acceptRanges  = []string{"bytes"}
	mediaCached   = []string{mediaCaching}
	typePlaylists = []string{packager.TypePlaylist}
)

// allowOrigins lets every web page play. An answer will depend on the origin as
// soon as a channel may choose whom it plays for, so caches are told from the start.
func allowOrigins(h http.Header) {
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Access-Control-Expose-Headers"] = exposed
	h["Cross-Origin-Resource-Policy"] = crossOrigin
	h["Timing-Allow-Origin"] = anyOrigin
	h["Vary"] = varyOrigin
}

// preflight answers what a browser asks before a request of its page.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", allowedMethods)
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Allow", allowedMethods)
	w.WriteHeader(http.StatusNoContent)
}

// documentCaching is a media playlist's Cache-Control. What a blocking query is
// answered with stays a right answer to it, and the end of a stream stays the end;
// the same URL without a query is another playlist a part later.
func documentCaching(doc packager.Document) string {
	if doc.Final {
		return finalCaching
	}
	seconds := int64(doc.MaxAge / time.Second)
	if seconds <= 0 {
		return noCache
	}
	return "public, max-age=" + strconv.FormatInt(seconds, 10)
}

// sendDocument sends a playlist, whole in any case: a range of a text that
// changes would be of no use to anyone.
func sendDocument(w http.ResponseWriter, r *http.Request, doc packager.Document, caching string) {
	h := w.Header()
	text := doc.Body
	if doc.Gzip != nil {
		h["Vary"] = varyEncoding
		if acceptsGzip(r.Header["Accept-Encoding"]) {
			h["Content-Encoding"] = encodingGzip
			text = doc.Gzip
		}
	}
	h["Cache-Control"] = []string{caching}
	h["Content-Type"] = typePlaylists
	h["Content-Length"] = []string{strconv.Itoa(len(text))}
	send(w, r, http.StatusOK, time.Time{}, text)
}

// sendResource sends media, or the range of it that is asked for. Where it fails
// nothing has been written. What was sent is counted.
func sendResource(w http.ResponseWriter, r *http.Request, res packager.Resource, count *delivery) error {
	h := w.Header()
	status, asked := http.StatusOK, span{length: res.Size}
	if span, ok := requestedSpan(r.Header, res.Size); ok {
		if span.length == 0 {
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", res.Size))
			return errRange
		}
		h.Set("Content-Range", span.contentRange(res.Size))
		status, asked = http.StatusPartialContent, span
	}
	if res.File != nil {
		if _, err := res.File.Seek(res.Offset+asked.offset, io.SeekStart); err != nil {
			return fmt.Errorf("read a saved segment: %w", err)
		}
	}
	h["Accept-Ranges"] = acceptRanges
	h["Cache-Control"] = mediaCached
	h["Content-Type"] = []string{res.Type}
	h["Content-Length"] = []string{strconv.FormatInt(asked.length, 10)}
	until := time.Now().Add(stallTimeout + patience*res.Duration)
	if res.File != nil {
		count.add(sendFile(w, r, status, res.File, asked.length, until), asked.length, res)
		return nil
	}
	count.add(send(w, r, status, until, asked.cut(res.Chunks)...), asked.length, res)
	return nil
}

// pieceDeadline is when a piece is to have gone; until is when all are, if it is set.
// A lane's writer gives a viewer up to stallTimeout more.
func pieceDeadline(until time.Time) time.Time {
	t := time.Now().Add(stallTimeout)
	if !until.IsZero() && until.Before(t) {
		return until
	}
	return t
}

// send writes the answer, each piece with a deadline of its own: the server has
// none for whole answers, because blocking requests and long segments are no sign
// of a viewer that hangs. It gives up at the first error, which ends the
// connection. It returns how many bytes have gone.
func send(w http.ResponseWriter, r *http.Request, status int, until time.Time, chunks ...[]byte) (sent int64) {
	control := http.NewResponseController(w)
	w.WriteHeader(status)
	if r.Method == http.MethodHead || len(chunks) == 0 {
		// The header goes once the handler has returned. A writer without deadlines is
		// none of a server's.
		_ = control.SetWriteDeadline(time.Now().Add(stallTimeout))
		return 0
	}
	for _, chunk := range chunks {
		for len(chunk) > 0 {
			piece := chunk[:min(len(chunk), writePiece)]
			chunk = chunk[len(piece):]
			_ = control.SetWriteDeadline(pieceDeadline(until))
			if _, err := w.Write(piece); err != nil {
				return sent
			}
			sent += int64(len(piece))
		}
	}
	return sent
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3): gzip counts where it, or
// else the asterisk, is named with a weight above zero.
func acceptsGzip(fields []string) bool {
	if len(fields) == 1 && (fields[0] == "gzip" || strings.HasPrefix(fields[0], "gzip, ")) {
		return true // what browsers and proxies send
	}
	accepted, named := false, false
	for _, item := range strings.Split(strings.Join(fields, ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		gzip := coding == "gzip" || coding == "x-gzip"
		if !gzip && (coding != "*" || named) {
			continue
		}
		named = named || gzip
		accepted = weight(parameters) > 0
	}
	return accepted
}

func weight(parameters string) float64 {
	for _, p := range strings.Split(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}
