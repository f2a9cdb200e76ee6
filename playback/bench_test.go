package playback

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// BenchmarkRequest measures one viewer's requests over loopback, its own reading
// included: by a lane, and by net/http, which has those with a field that no lane
// takes.
func BenchmarkRequest(b *testing.B) {
	s := newBroadcast(b)
	s.send(75)
	h := newTestHandler(b, s)
	session := h.sessions.mint(streamID)
	h.views.begin(session, streamID, time.Now()) // as one who watches
	for _, c := range []struct{ name, path string }{
		{"playlist", "index.m3u8?_HLS_msn=1"}, {"part", "1.0.m4s"},
	} {
		for by, field := range map[string]string{"lane": "", "nethttp": "Te: trailers\r\n"} {
			request := "GET /v/" + session + mediaURL + c.path + " HTTP/1.1\r\nHost: media.example\r\n" +
				"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
				"Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en-US,en;q=0.9\r\n" +
				"Origin: https://viewer.example\r\nReferer: https://viewer.example/\r\n" + field + "\r\n"
			b.Run(c.name+"/"+by, func(b *testing.B) { requests(b, h, request) })
		}
	}
}

func requests(b *testing.B, h http.Handler, request string) {
	c, err := net.Dial("tcp", startOrigin(b, h))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.WriteString(c, request); err != nil {
			b.Fatal(err)
		}
		if err := discard(answers); err != nil {
			b.Fatal(err)
		}
	}
}

// discard reads past one answer, at as little cost as it can.
func discard(r *bufio.Reader) error {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err := r.Discard(length)
			return err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
}
