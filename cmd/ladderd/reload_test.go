package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ladderd/config"
	"ladderd/ingest"
)

// written is a log that streams write while a test reads it.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(line)
}

// take gives what was written since it was called last.
func (w *written) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.text.Reset()
	return w.text.String()
}

// reloaded is a daemon that is reloaded with one file after the other.
type reloaded struct {
	*daemon
	t   *testing.T
	log written
	// proved is how often the devices were to be looked at.
	proved int
}

func newReloaded(t *testing.T, text string) *reloaded {
	t.Helper()
	r := &reloaded{t: t}
	file := filepath.Join(t.TempDir(), "ladderd.toml")
	if err := os.WriteFile(file, []byte(r.file(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Server.DataDir = t.TempDir()
	level := new(slog.LevelVar)
	if r.daemon, err = newDaemon(cfg, slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: level}))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	r.daemon.file, r.level, r.prove = file, level, func() { r.proved++ }
	return r
}

func (r *reloaded) file(text string) string {
	return "[ingest.rtmp]\nlisten = '127.0.0.1:0'\n[playback]\nlisten = '127.0.0.1:0'\n" + text
}

func channelText(id string) string {
	return fmt.Sprintf("[[channel]]\nid = %q\nstream_key = 'sk_local_%s'\ntype = 'BASIC'\ninsecure_ingest = true\n", id, id)
}

// with reloads with another text and gives what the log says to that.
func (r *reloaded) with(text string) string {
	r.t.Helper()
	if err := os.WriteFile(r.daemon.file, []byte(r.file(text)), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.log.take()
	r.reload()
	return r.log.take()
}

// may says whether somebody may publish to a channel.
func (r *reloaded) may(id string) bool {
	s, err := r.hub.Accept(ingest.Request{Key: "sk_local_" + id, Close: func(error) {}})
	if err == nil {
		s.Close(nil)
	}
	return err == nil
}

func (r *reloaded) page(id string) int {
	w := httptest.NewRecorder()
	viewerHandler(&r.pages, http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", watchPath(id), nil))
	return w.Code
}

func (r *reloaded) health() string {
	w := httptest.NewRecorder()
	r.daemon.health().ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	return w.Body.String()
}

func TestReloadTakesChannels(t *testing.T) {
	r := newReloaded(t, channelText("a")+channelText("b"))
	said := r.with(strings.Replace(channelText("b"), "BASIC", "STANDARD", 1) + channelText("c"))
	for _, words := range []string{"added=[c]", "removed=[a]", "altered=[b]", "page=/watch/c/"} {
		if !strings.Contains(said, words) {
			t.Errorf("the log does not say %q:\n%s", words, said)
		}
	}
	for id, there := range map[string]bool{"a": false, "b": true, "c": true} {
		if r.may(id) != there || (r.page(id) == http.StatusOK) != there {
			t.Errorf("channel %s: published to %v, page %d; want %v", id, r.may(id), r.page(id), there)
		}
	}
}

func TestReloadTakesLimitsAndTheLevel(t *testing.T) {
	r := newReloaded(t, channelText("a"))
	said := r.with("[log]\nlevel = 'debug'\n[limits]\nconcurrent_streams = 3\ntakeovers = 5\n[server]\nregion = 'other'\n" + channelText("a"))
	if !strings.Contains(said, `take a restart; their old values stay in use" keys="[server.region server.data_dir]"`) {
		t.Errorf("what takes a restart is not told:\n%s", said)
	}
	if !strings.Contains(said, `changed="[log limits]"`) {
		t.Errorf("what was taken is not told:\n%s", said)
	}
	if r.level.Level() != slog.LevelDebug || r.config.Server.Region != "local" || hubTerms(r.config).Streams != 3 {
		t.Errorf("goes on with level %v and %+v", r.level, r.config)
	}
	if !strings.Contains(r.health(), `"result":"taken"`) {
		t.Errorf("health says %s", r.health())
	}
}

func TestBadFileChangesNothing(t *testing.T) {
	r := newReloaded(t, channelText("a"))
	if strings.Contains(r.health(), "reloaded") {
		t.Errorf("health tells of a reload before the first: %s", r.health())
	}
	said := r.with("[log]\nlevel = 'debug'\nform = 'json'\n[limits]\ntakeovers = -1\n" + channelText("b"))
	for _, words := range []string{"ladderd.toml:7: log.form: unknown", "ladderd.toml:9: limits.takeovers = -1: not a whole number"} {
		if strings.Count(said, words) != 1 || !strings.Contains(r.health(), words) {
			t.Errorf("%q is not told: the log says\n%s\nhealth says %s", words, said, r.health())
		}
	}
	if r.level.Level() != slog.LevelInfo || !r.may("a") || r.may("b") || !strings.Contains(r.health(), `"result":"refused"`) {
		t.Errorf("something was taken; health says %s", r.health())
	}
	if r.with(channelText("b")); !r.may("b") || strings.Contains(r.health(), "config_error") {
		t.Errorf("a good file is not taken; health says %s", r.health())
	}
}

func TestReloadLooksAtDevicesThatNobodyWantedBefore(t *testing.T) {
	onCPU := "[pipeline]\nbackend = 'x264'\n"
	r := newReloaded(t, onCPU+channelText("a"))
	r.with(onCPU + channelText("b"))
	if r.proved != 0 {
		t.Error("devices are looked at that no channel wants")
	}
	r.with(onCPU + strings.Replace(channelText("b"), "BASIC", "STANDARD", 1) + "backend = 'vaapi'\npolicy = 'gpu'\n")
	if r.proved != 1 || !r.devices.first() || r.devices.first() {
		t.Errorf("devices were to be looked at %d times", r.proved)
	}
}
