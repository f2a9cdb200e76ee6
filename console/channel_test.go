package console

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// channel serves a player page and plain live HLS that ffmpeg writes in real
// time: what the page needs of a server, without ladderd's own.
type channel struct {
	url string // of the page
	dir string

	mu     sync.Mutex
	live   string // name of the broadcast that is on, empty before the first
	broken bool
}

const notLive = `[{"url":"/live.m3u8","error":"the channel is not live","error_code":"transcode_does_not_exist","type":"error"}]`

func startChannel(t *testing.T) *channel {
	t.Helper()
	if _, err := content.ReadFile(hlsScript); err != nil {
		t.Fatal("hls.js is not built in; run `make build` or `make test`")
	}
	player, err := Player(Page{Title: "Test channel", PlaybackURL: "/live.m3u8"})
	if err != nil {
		t.Fatal(err)
	}
	c := &channel{dir: t.TempDir()}
	mux := http.NewServeMux()
	mux.Handle("/", player)
	mux.HandleFunc("/live.m3u8", c.serveMultivariant)
	mux.HandleFunc("/media/", c.serveMedia)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.url = server.URL + "/"
	return c
}

func (c *channel) serveMultivariant(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	live, broken := c.live, c.broken
	c.mu.Unlock()
	list, err := os.ReadFile(filepath.Join(c.dir, live, "1.m3u8"))
	if broken || live == "" || err != nil || !strings.Contains(string(list), ".m4s") {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(notLive))
		return
	}
	_, _ = w.Write([]byte(strings.ReplaceAll(`#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000,VIDEO="360p30"
/media/LIVE/0.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=284x160,FRAME-RATE=30.000,VIDEO="160p30"
/media/LIVE/1.m3u8
`, "LIVE", live)))
}

func (c *channel) serveMedia(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	broken := c.broken
	c.mu.Unlock()
	if broken {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.StripPrefix("/media/", http.FileServer(http.Dir(c.dir))).ServeHTTP(w, r)
}

func (c *channel) setBroken(broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = broken
}

// broadcast begins fourteen seconds of two renditions in real time, with the end
// in the playlists after that.
func (c *channel) broadcast(t *testing.T, name string) {
	t.Helper()
	dir := filepath.Join(c.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=14",
		"-re", "-f", "lavfi", "-i", "sine=f=440:d=14",
		"-filter_complex", "[0:v]split[a][b];[b]scale=284:160[c]",
		"-map", "[a]", "-map", "1:a", "-map", "[c]", "-map", "1:a",
		"-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "high", "-g", "30", "-sc_threshold", "0",
		"-pix_fmt", "yuv420p", "-c:a", "aac",
		"-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type", "fmp4",
		"-hls_flags", "independent_segments+temp_file", "-hls_fmp4_init_filename", "init%v.mp4",
		"-hls_segment_filename", filepath.Join(dir, "%v-%d.m4s"),
		"-var_stream_map", "v:0,a:0 v:1,a:1", filepath.Join(dir, "%v.m3u8"),
	}
	cmd := exec.Command("ffmpeg", args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("start ffmpeg: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = name
}
