package playback

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"ladderd/packager"
)

func TestRequestsAndAnswers(t *testing.T) {
	b := newBroadcast(t)
	b.send(75) // two and a half segments
	h := newTestHandler(t, b)
	const (
		text   = "application/vnd.apple.mpegurl"
		video  = "video/mp4"
		forced = mediaCaching
	)
	for _, c := range []struct {
		url, contentType, caching string
		holds, lacks              string
	}{
		{channelURL, text, "no-store", mediaURL + "index.m3u8", "audio_only"},
		{channelURL + "?allow_audio_only=true", text, "no-store", "/audio_only/index.m3u8", ""},
		{channelURL + "?allow_audio_only=1&player=x", text, "no-store", "#EXT-X-STREAM-INF", "audio_only"},
		{mediaURL + "index.m3u8", text, "no-cache", "2.0.m4s", "#EXT-X-ENDLIST"},
		{mediaURL + "index.m3u8?_HLS_msn=1", text, "public, max-age=12", "1.m4s", ""},
		{mediaURL + "index.m3u8?_HLS_msn=2&_HLS_part=0&token=a.b.c", text, "public, max-age=12", "2.0.m4s", ""},
		{mediaURL + "index.m3u8?_HLS_skip=YES", text, "no-cache", "0.m4s", "EXT-X-SKIP"},
		{mediaURL + "0.m4s", video, forced, "mdat", "ftyp"},
		{mediaURL + "1.0.m4s", video, forced, "moof", ""},
		{"/hls/" + streamID + "/audio_only/0.m4s", "audio/mp4", forced, "moof", ""},
	} {
		w := get(h, c.url)
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d, body %s", c.url, w.Code, w.Body)
			continue
		}
		expectHeader(t, c.url, w.Header(), "Content-Type", c.contentType)
		expectHeader(t, c.url, w.Header(), "Cache-Control", c.caching)
		expectHeader(t, c.url, w.Header(), "Content-Length", strconv.Itoa(w.Body.Len()))
		expectHeader(t, c.url, w.Header(), "Access-Control-Allow-Origin", "*")
		if got := w.Body.String(); !strings.Contains(got, c.holds) || c.lacks != "" && strings.Contains(got, c.lacks) {
			t.Errorf("%s: want %q and not %q in:\n%.2000q", c.url, c.holds, c.lacks, got)
		}
	}
}

func TestFailuresSayWhy(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	for _, c := range []struct {
		url    string
		status int
		code   string
		why    string
	}{
		{"/api/video/v1/local.000000000000.channel.studioB.m3u8", 404, "transcode_does_not_exist", "not live"},
		{"/api/video/v1/local.000000000000.channel.nobody.m3u8", 404, "can_not_find_channel", "no such channel"},
		{"/api/video/v1/eu-west-1.000000000000.channel.studioA.m3u8", 404, "can_not_find_channel", "no such channel"},
		{"/api/video/v1/local.111111111111.channel.studioA.m3u8", 404, "can_not_find_channel", "no such channel"},
		{"/api/video/v1/local.000000000000.channel.studioA.mpd", 404, "can_not_find_channel", "no such channel"},
		{"/api/video/v1/local.000000000000.channel..m3u8", 404, "can_not_find_channel", "no such channel"},
		{"/hls/st-other/360p30/index.m3u8", 404, "can_not_find_stream", "no such stream"},
		{"/hls/" + streamID + "/720p60/index.m3u8", 404, "can_not_find_rendition", "no such rendition"},
		{mediaURL + "9.m4s", 404, "can_not_find_media", "no such part"},
		{mediaURL + "1.99.m4s", 404, "can_not_find_media", "no such part"},
		{mediaURL + "init9.mp4", 404, "can_not_find_media", "no such part"},
		{mediaURL + "..%2f..%2fetc", 404, "not_found", "no such page"},
		{"//hls/" + streamID + "/360p30/0.m4s", 404, "not_found", "no such page"},
		{"/hls/" + streamID + "//0.m4s", 404, "not_found", "no such page"},
		{"/v//hls/" + streamID + "/360p30/0.m4s", 404, "not_found", "no such page"},
		{"/v/x/" + streamID + "/360p30/0.m4s", 404, "not_found", "no such page"},
		{"/v/x" + mediaURL + "0.m4s", 404, "can_not_find_session", "no such viewer session"},
		{"/", 404, "not_found", "no such page"},
		{"/hls/" + streamID, 404, "not_found", "no such page"},
		{mediaURL + "index.m3u8?_HLS_msn=99", 400, "too_far_ahead", "too far ahead"},
		{mediaURL + "index.m3u8?_HLS_msn=99&_HLS_skip=YES", 400, "too_far_ahead", "too far ahead"},
		{mediaURL + "index.m3u8?_HLS_skip=YES&_HLS_part=1", 400, "invalid_delivery_directive", "without _HLS_msn"},
		{mediaURL + "index.m3u8?_HLS_msn=-1", 400, "invalid_delivery_directive", "_HLS_msn"},
		{mediaURL + "index.m3u8?_HLS_msn=", 400, "invalid_delivery_directive", "_HLS_msn"},
		{mediaURL + "index.m3u8?_HLS_msn=%2B1", 400, "invalid_delivery_directive", "_HLS_msn"},
		{mediaURL + "index.m3u8?_HLS_msn=9223372036854775808", 400, "invalid_delivery_directive", "_HLS_msn"},
		{mediaURL + "index.m3u8?_HLS_msn=1&_HLS_part=x", 400, "invalid_delivery_directive", "_HLS_part"},
		{mediaURL + "index.m3u8?_HLS_part=1", 400, "invalid_delivery_directive", "without _HLS_msn"},
	} {
		w := get(h, c.url, "Origin", "https://viewer.example")
		expectFailure(t, c.url, w.Code, w.Header(), w.Body.Bytes(), c.status, c.code, c.why)
	}
	w := get(newTestHandler(t, (*broadcast)(nil)), channelURL+"?token=secret")
	expectFailure(t, "before the broadcast", w.Code, w.Header(), w.Body.Bytes(), 404, "transcode_does_not_exist", "not live")
	if strings.Contains(w.Body.String(), "secret") {
		t.Error("the error's body gives the token away")
	}
}

func TestBroadcastWithoutMediaYetIsNotFound(t *testing.T) {
	h := newTestHandler(t, newBroadcast(t))
	for _, url := range []string{channelURL, mediaURL + "index.m3u8"} {
		w := get(h, url)
		expectFailure(t, url, w.Code, w.Header(), w.Body.Bytes(), 404, "transcode_does_not_exist", "no media yet")
	}
}

type brokenLive struct{ err error }

func (l brokenLive) Channel(string) (*packager.Stream, error) { return nil, l.err }
func (l brokenLive) Stream(string) (*packager.Stream, error)  { return nil, l.err }
func (l brokenLive) ChannelOf(string) string                  { return "" }

func TestUnknownErrorIsNotToldToViewers(t *testing.T) {
	w := get(newTestHandler(t, brokenLive{errors.New("password is hunter2")}), channelURL)
	expectFailure(t, "broken", w.Code, w.Header(), w.Body.Bytes(), 500, "internal_error", "internal error")
}

func expectFailure(t *testing.T, what string, status int, h http.Header, text []byte, wantStatus int, code, why string) {
	t.Helper()
	if status != wantStatus {
		t.Errorf("%s: status %d, want %d", what, status, wantStatus)
	}
	expectHeader(t, what, h, "Access-Control-Allow-Origin", "*")
	expectHeader(t, what, h, "Cache-Control", "no-store")
	expectHeader(t, what, h, "Content-Type", "application/json")
	expectHeader(t, what, h, "Content-Length", strconv.Itoa(len(text)))
	var got []body
	if err := json.Unmarshal(text, &got); err != nil || len(got) != 1 {
		t.Errorf("%s: body %q: %v", what, text, err)
		return
	}
	if got[0].Code != code || !strings.Contains(got[0].Error, why) || got[0].Type != "error" || !strings.HasPrefix(got[0].URL, "http://") {
		t.Errorf("%s: body %+v, want code %s and %q", what, got[0], code, why)
	}
}

func expectHeader(t *testing.T, what string, h http.Header, name, want string) {
	t.Helper()
	if got := h.Get(name); got != want {
		t.Errorf("%s: %s is %q, want %q", what, name, got, want)
	}
}

func TestRanges(t *testing.T) {
	b := newBroadcast(t)
	b.send(65)
	h := newTestHandler(t, b)
	url := mediaURL + "0.m4s"
	whole := get(h, url).Body.Bytes()
	size := strconv.Itoa(len(whole))
	last := len(whole) - 1
	for _, c := range []struct {
		asked  string
		status int
		told   string
		want   []byte
	}{
		{"bytes=0-99", 206, "bytes 0-99/" + size, whole[:100]},
		{"bytes=100-", 206, "bytes 100-" + strconv.Itoa(last) + "/" + size, whole[100:]},
		{"bytes=-50", 206, "bytes " + strconv.Itoa(last-49) + "-" + strconv.Itoa(last) + "/" + size, whole[last-49:]},
		{"bytes=-99999999", 206, "bytes 0-" + strconv.Itoa(last) + "/" + size, whole},
		// Across the parts that the segment is made of.
		{"bytes=20000-50000", 206, "bytes 20000-50000/" + size, whole[20000:50001]},
		{"bytes=5-99999999", 206, "bytes 5-" + strconv.Itoa(last) + "/" + size, whole[5:]},
		{"bytes=99999999-", 416, "bytes */" + size, nil},
		{"bytes=-0", 416, "bytes */" + size, nil},
		{"bytes=5-2", 200, "", whole},
		{"bytes=0-1,4-5", 200, "", whole},
		{"bytes=x", 200, "", whole},
		{"bytes=+1-2", 200, "", whole},
		{"lines=1-2", 200, "", whole},
	} {
		w := get(h, url, "Range", c.asked)
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d", c.asked, w.Code, c.status)
		}
		expectHeader(t, c.asked, w.Header(), "Content-Range", c.told)
		expectHeader(t, c.asked, w.Header(), "Content-Length", strconv.Itoa(w.Body.Len()))
		if c.status == 416 {
			expectHeader(t, c.asked, w.Header(), "Cache-Control", "no-store")
		} else if !bytes.Equal(w.Body.Bytes(), c.want) {
			t.Errorf("%s: got %d bytes, want %d", c.asked, w.Body.Len(), len(c.want))
		}
	}
	if w := get(h, url, "Range", "bytes=0-9", "If-Range", `"x"`); w.Code != http.StatusOK {
		t.Errorf("a range for a validator that was never given: status %d, want 200", w.Code)
	}
	if w := get(h, mediaURL+"index.m3u8", "Range", "bytes=0-9"); w.Code != http.StatusOK {
		t.Errorf("a range of a playlist: status %d, want 200", w.Code)
	}
}

func TestHeadTellsWhatGetWould(t *testing.T) {
	b := newBroadcast(t)
	b.send(65)
	h := newTestHandler(t, b)
	for _, url := range []string{channelURL, mediaURL + "index.m3u8", mediaURL + "0.m4s", mediaURL + "77.m4s"} {
		head, whole := do(h, http.MethodHead, url), get(h, url)
		if head.Body.Len() != 0 {
			t.Errorf("HEAD %s has a body", url)
		}
		if head.Code != whole.Code {
			t.Errorf("HEAD %s: status %d, GET: %d", url, head.Code, whole.Code)
		}
		for name := range whole.Header() {
			expectHeader(t, "HEAD "+url, head.Header(), name, whole.Header().Get(name))
		}
	}
}

func TestPreflightAndOtherMethods(t *testing.T) {
	h := newTestHandler(t, newBroadcast(t))
	w := do(h, http.MethodOptions, mediaURL+"0.m4s", "Origin", "https://viewer.example", "Access-Control-Request-Headers", "range")
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("preflight: status %d, %d bytes", w.Code, w.Body.Len())
	}
	expectHeader(t, "preflight", w.Header(), "Access-Control-Allow-Origin", "*")
	expectHeader(t, "preflight", w.Header(), "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	expectHeader(t, "preflight", w.Header(), "Access-Control-Allow-Headers", "*")
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		w := do(h, method, channelURL)
		expectFailure(t, method, w.Code, w.Header(), w.Body.Bytes(), 405, "method_not_allowed", "GET")
		expectHeader(t, method, w.Header(), "Allow", "GET, HEAD, OPTIONS")
	}
}

func TestPlaylistsAreCompressedForThoseWhoAcceptIt(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	url := mediaURL + "index.m3u8"
	plain := get(h, url).Body.String()
	w := get(h, url, "Accept-Encoding", "br, gzip")
	expectHeader(t, url, w.Header(), "Content-Encoding", "gzip")
	expectHeader(t, url, w.Header(), "Vary", "Origin, Accept-Encoding")
	expectHeader(t, url, w.Header(), "Content-Length", strconv.Itoa(w.Body.Len()))
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != plain {
		t.Errorf("the compressed playlist differs: %v", err)
	}
	for accepted, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "deflate": false, "*": true, "gzip;q=0": false,
		"gzip;q=0, *": false, "*, gzip; q=0": false, "deflate, gzip;q=0.5": true, "*;q=0": false, "gzip;q=x": false, "identity;q=1, gzip ; q=0.1": true,
	} {
		if got := acceptsGzip([]string{accepted}); got != want {
			t.Errorf("Accept-Encoding %q: compressed %v, want %v", accepted, got, want)
		}
	}
}

func TestEndedStreamStaysPlayable(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	b.stream.End()
	h := newTestHandler(t, b)
	for _, url := range []string{mediaURL + "index.m3u8", mediaURL + "index.m3u8?_HLS_msn=40"} {
		w := get(h, url)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "#EXT-X-ENDLIST") {
			t.Errorf("%s: status %d, no end in:\n%s", url, w.Code, w.Body)
		}
		if strings.Contains(w.Header().Get("Cache-Control"), "no-") {
			t.Errorf("%s: a playlist that changes no more is not cached", url)
		}
	}
}

// TestManyViewersAtOnce reads while the stream is written; the race detector is
// what judges it.
func TestManyViewersAtOnce(t *testing.T) {
	b := newBroadcast(t)
	b.send(45)
	h := newTestHandler(t, b)
	var viewers sync.WaitGroup
	for range 8 {
		viewers.Go(func() {
			for msn := range 4 {
				n := strconv.Itoa(msn)
				for _, url := range []string{channelURL, mediaURL + "index.m3u8?_HLS_msn=" + n, mediaURL + n + ".m4s", mediaURL + n + ".0.m4s"} {
					if w := get(h, url); w.Code != http.StatusOK {
						t.Errorf("%s: status %d", url, w.Code)
					}
				}
			}
		})
	}
	b.send(120)
	viewers.Wait()
}
