package verify

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
)

// origin is a server of a stream that the packager makes: two renditions at 30
// frames a second with an IDR every 2 s. Time goes on when somebody waits for it:
// a blocking request feeds the stream up to what it asks for, another playlist
// request feeds half a second. What it answers can be spoilt by a fault.
type origin struct {
	t      testing.TB
	fault  fault
	mutex  sync.Mutex // over what feeds the stream
	stream *packager.Stream
	video  [2]*media.VideoParams
	audio  *media.AudioParams
	frames int64
	sounds int64
	asked  map[string]int // how often each URL was asked for
	clock  *fakeClock     // the verifier's
}

// fault is what is wrong with an origin. Nil functions are nothing.
type fault struct {
	options func(*packager.Options)
	packet  func(rendition int, frame int64, p *media.Packet) // of video
	silent  func(frame int64) bool                            // frames of audio that are left out
	answer  func(o *origin, a *answer)
	deaf    bool // blocking requests are answered at once
	frozen  bool // time does not go on
	ended   bool // the stream has ended
	tls     bool // HTTPS
	http2   bool // and by HTTP/2
	moved   bool // playlists are listed where redirects lead away from
	url     string
}

// answer is what is about to be sent.
type answer struct {
	kind      string // "multivariant", "playlist", "media" or "none"
	rendition string
	name      string // of media
	blocking  bool   // the request was for what was not there yet
	count     int    // how often that URL was asked for, from 1
	request   *http.Request
	status    int
	header    http.Header
	text      string // of playlists
	body      []byte
	plain     bool // it is not compressed
}

var names = [2]string{"360p30", "288p30"}

const (
	prefix = "/v/"
	top    = "/top.m3u8"
	// Redirects lead from these to the ones above.
	movedPrefix = "/m/"
	movedTop    = "/entry/start.m3u8"
	fps         = 30
	gop         = 2 * fps
	bytesPer    = 500 // of each picture
)

// Parameter sets of 640×360 and 852×480.
var sets = [2]string{"674d401ed900a02ff970110000030001000003003c0f162e48", "6764001facb201b07bcfe022000003000200000300781e306490"}

func newOrigin(t testing.TB, f fault) *httptest.Server {
	t.Helper()
	o := &origin{t: t, fault: f, asked: map[string]int{}}
	pps, _ := hex.DecodeString("68ebc3cb20")
	var specs []ladder.Rendition
	for i, set := range sets {
		sps, _ := hex.DecodeString(set)
		params, err := media.NewVideoParams(sps, pps)
		if err != nil {
			t.Fatal(err)
		}
		o.video[i] = params
		specs = append(specs, ladder.Rendition{
			Name: names[i], Video: ladder.Transcode, Width: params.Width, Height: params.Height,
			Rate: media.Rate{Num: fps, Den: 1}, VideoBitrate: 8 * bytesPer * fps, Audio: ladder.Transcode, AudioBitrate: 64_000,
		})
	}
	var err error
	if o.audio, err = media.NewAACLC(48000, 2); err != nil {
		t.Fatal(err)
	}
	options := packager.Options{
		Target: 2 * media.Clock, Window: 20 * media.Clock, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), StartPTS: media.Clock,
	}
	if f.options != nil {
		f.options(&options)
	}
	if o.stream, err = packager.New("st-test", specs, options); err != nil {
		t.Fatal(err)
	}
	o.feed(23 * fps)
	if f.ended {
		o.stream.End()
	}
	server := httptest.NewUnstartedServer(o)
	if server.EnableHTTP2 = f.http2; f.tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// feed puts out n pictures and the sound to go with them.
func (o *origin) feed(n int) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for range n {
		at := media.Clock + media.Ticks(o.frames*media.Clock/fps)
		for o.audioTime() < at+media.Clock/4 {
			o.sound()
		}
		for i := range names {
			p := media.Packet{Kind: media.Video, PTS: at, DTS: at, Key: o.frames%gop == 0, Data: picture(o.frames%gop == 0)}
			if o.frames == 0 {
				p.Video = o.video[i]
			}
			if o.fault.packet != nil {
				o.fault.packet(i, o.frames, &p)
			}
			o.stream.Write(i, p)
		}
		o.frames++
	}
	if err := o.stream.Err(); err != nil {
		o.t.Error(err)
	}
}

func (o *origin) audioTime() media.Ticks { return media.Clock + o.audio.FrameTicks(o.sounds) }

func (o *origin) sound() {
	p := media.Packet{Kind: media.Audio, PTS: o.audioTime(), DTS: o.audioTime(), Data: make([]byte, 160)}
	if o.sounds == 0 {
		p.Audio = o.audio
	}
	o.sounds++
	if o.fault.silent != nil && o.fault.silent(o.sounds) {
		return
	}
	for i := range names {
		o.stream.Write(i, p)
	}
}

const (
	nalIDR   = 0x65
	nalOther = 0x41
)

// picture is one NAL unit of a slice, and no picture.
func picture(key bool) []byte {
	b := bytes.Repeat([]byte{0x55}, bytesPer)
	binary.BigEndian.PutUint32(b, bytesPer-4)
	if b[4] = nalOther; key {
		b[4] = nalIDR
	}
	return b
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if from, ok := strings.CutPrefix(r.URL.RequestURI(), movedPrefix); ok && strings.Contains(from, "/index.m3u8") {
		http.Redirect(w, r, prefix+from, http.StatusFound)
		return
	}
	if r.URL.Path == movedTop {
		http.Redirect(w, r, top, http.StatusFound)
		return
	}
	a := &answer{kind: "none", request: r, status: http.StatusOK, header: w.Header()}
	o.mutex.Lock()
	o.asked[r.URL.String()]++
	a.count = o.asked[r.URL.String()]
	o.mutex.Unlock()
	a.header.Set("Access-Control-Allow-Origin", "*")
	o.fill(a)
	if o.fault.answer != nil {
		o.fault.answer(o, a)
	}
	a.send(w)
	if a.kind == "playlist" && !a.blocking && !o.fault.frozen && !o.fault.ended {
		if strings.Contains(a.text, "CAN-BLOCK-RELOAD=YES") {
			o.feed(2)
		} else {
			o.feed(fps / 2) // all clients poll
		}
	}
}

func (o *origin) fill(a *answer) {
	r := a.request
	rest, below := strings.CutPrefix(r.URL.Path, prefix)
	name, file, _ := strings.Cut(rest, "/")
	a.rendition, a.name = name, file
	rendition, ok := o.stream.Rendition(name)
	switch {
	case r.Method == http.MethodOptions:
		a.status = http.StatusNoContent
	case r.URL.Path == top:
		a.kind = "multivariant"
		at := prefix
		if o.fault.moved {
			at = strings.TrimPrefix(movedPrefix, "/") // relative to where the redirect led to
		}
		doc, err := o.stream.Multivariant(at, false)
		a.fillPlaylist(doc, err, "no-cache")
	case !below || !ok:
		a.status = http.StatusNotFound
	case file == "index.m3u8" || file == "index":
		o.fillMedia(a, rendition)
	default:
		a.kind = "media"
		var res packager.Resource
		a.blocking = !o.wait(func(ctx context.Context) (err error) {
			res, err = rendition.Media(ctx, file)
			return err
		}, a)
		a.body = bytes.Join(res.Chunks, nil)
		a.header.Set("Content-Type", res.Type)
		a.header.Set("Cache-Control", "public, max-age=3600, immutable")
	}
}

// fillMedia answers with a media playlist.
func (o *origin) fillMedia(a *answer, rendition *packager.Rendition) {
	a.kind = "playlist"
	query := a.request.URL.Query()
	q := packager.Plain
	q.Skip = query.Get("_HLS_skip") == "YES" || query.Get("_HLS_skip") == "v2"
	for name, into := range map[string]*int64{"_HLS_msn": &q.MSN, "_HLS_part": &q.Part} {
		if !query.Has(name) {
			continue
		}
		n, err := strconv.ParseInt(query.Get(name), 10, 64)
		if err != nil {
			a.status = http.StatusBadRequest
			return
		}
		*into = n
	}
	if a.blocking = q.MSN >= 0; o.fault.deaf {
		q, a.blocking = packager.Plain, false
	}
	var doc packager.Document
	o.wait(func(ctx context.Context) (err error) {
		doc, err = rendition.Playlist(ctx, q)
		return err
	}, a)
	caching := "no-cache"
	if q.MSN >= 0 {
		caching = "public, max-age=12"
	}
	a.fillPlaylist(doc, nil, caching)
}

func (a *answer) fillPlaylist(doc packager.Document, err error, caching string) {
	if err != nil {
		a.status = http.StatusNotFound
		return
	}
	a.text = string(doc.Body)
	a.header.Set("Content-Type", packager.TypePlaylist)
	a.header.Set("Cache-Control", caching)
	a.header.Set("Vary", "Origin, Accept-Encoding")
}

// wait calls get, which may block, and feeds the stream until it returns. It says
// whether that was at once, and turns errors into statuses.
func (o *origin) wait(get func(context.Context) error, a *answer) (atOnce bool) {
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(a.request.Context())
	defer cancel()
	go func() { done <- get(ctx) }()
	var err error
	for fed := 0; ; fed++ {
		select {
		case err = <-done:
			if err != nil {
				a.status = statusOf(err)
			}
			return fed < 2
		case <-time.After(time.Millisecond):
		}
		if o.fault.frozen || o.fault.ended {
			cancel()
		} else if fed > 0 { // what is there comes at once
			o.feed(3)
		}
	}
}

func statusOf(err error) int {
	switch err {
	case packager.ErrQuery, packager.ErrTooFarAhead:
		return http.StatusBadRequest
	case packager.ErrNotFound, context.Canceled:
		return http.StatusNotFound
	}
	return http.StatusServiceUnavailable
}

func (a *answer) send(w http.ResponseWriter) {
	if a.text != "" {
		a.body = []byte(a.text)
	}
	if a.status >= 400 {
		a.body = []byte("no\n")
		w.Header().Del("Cache-Control")
		if a.header.Get("X-Error-Cache") != "" {
			w.Header().Set("Cache-Control", a.header.Get("X-Error-Cache"))
		}
	}
	var from, to int
	span := a.request.Header.Get("Range")
	if n, _ := fmt.Sscanf(span, "bytes=%d-%d", &from, &to); n == 2 && a.status == http.StatusOK && to < len(a.body) && !a.plain {
		a.status, a.body = http.StatusPartialContent, a.body[from:to+1]
	}
	if a.text != "" && !a.plain && a.request.Header.Get("Accept-Encoding") == "gzip" && a.status == http.StatusOK {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		_, _ = zip.Write(a.body)
		_ = zip.Close()
		a.body = b.Bytes()
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.request.Method == http.MethodOptions {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(a.status)
	if a.request.Method != http.MethodHead && a.request.Method != http.MethodOptions {
		_, _ = w.Write(a.body)
	}
}

// fakeClock goes on a little each time it is looked at, and as far as is asked for
// when somebody waits.
type fakeClock struct {
	mutex sync.Mutex
	at    time.Time
}

func (c *fakeClock) now() time.Time { return c.pass(20 * time.Millisecond) }

func (c *fakeClock) pass(d time.Duration) time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
	return c.at
}

func (c *fakeClock) after(d time.Duration) <-chan time.Time {
	passed := make(chan time.Time, 1)
	passed <- c.pass(d)
	return passed
}
