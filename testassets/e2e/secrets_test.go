package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"

	"ladderd/ladder"
	"ladderd/testassets/awssdk"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// secretsRun is a daemon with a secret of each kind, each of them another random text.
type secretsRun struct {
	*daemon.Daemon
	secrets map[string]string // by what it is
	wrote   map[string][]byte // by where
}

// excepted is what may be where: a stream key that the API makes is in the store, whose backups
// have to bring encoders back on air. All else is in the configuration alone.
var excepted = map[string]string{
	"a stream key that the API made": "ladderd.db",
}

// TestSecretsAreNowhere has everything happen that a secret is for, rightly and wrongly, and then
// looks for each in all that was written: logs, files, answers of the metrics listener, and the
// workers' command lines and environments.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, transcoding+passing)
	r := &secretsRun{secrets: map[string]string{}, wrote: map[string][]byte{}}
	for _, name := range []string{
		"a channel's stream key", "another channel's stream key", "an SRT passphrase", "a wrong SRT passphrase", "a wrong stream key", "a stream key after a reload",
		"the API's secret key", "a wrong API key", "a webhook's secret", "a webhook's former secret", "a token in a webhook's URL", "etcd's password",
	} {
		r.secrets[name] = "s" + rand.Text()
	}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(hook.Close)
	r.Daemon = startDaemonWith(t, daemon.Settings{
		Channels: []daemon.Channel{
			{ID: studio, Type: ladder.AdvancedSD, Key: r.secrets["a channel's stream key"]},
			{ID: "srt", Type: ladder.Basic, Key: r.secrets["another channel's stream key"], Passphrase: r.secrets["an SRT passphrase"]},
		},
		SRT: 120 * time.Millisecond, API: true, LogLevel: "debug",
		Webhooks: []daemon.Webhook{{
			Name: "ops", URL: hook.URL + "/?token=" + r.secrets["a token in a webhook's URL"],
			Secret: r.secrets["a webhook's secret"], Previous: r.secrets["a webhook's former secret"],
		}},
	})
	r.reload(t)
	r.publish(t, file)
	r.call(t)
	r.collect(t)
	r.misconfigure(t)
	awaitOrFail(t, within(t, 20*time.Second), "the wrong passphrase in the log", func() (bool, error) { // libsrt takes its time
		return strings.Contains(r.Output(), "its passphrase is missing"), nil
	}, r.Output)
	r.files(t)
	if err := r.Stop(); err != nil {
		t.Error(err)
	}
	r.wrote["the log"] = []byte(r.Output())
	r.judge(t)
}

// reload gives the API another secret key.
func (r *secretsRun) reload(t *testing.T) {
	t.Helper()
	health, err := r.Reload(t.Context(), func(text string) string {
		return strings.Replace(text, daemon.SecretKey, r.secrets["the API's secret key"], 1)
	})
	if err != nil || health.Reloaded.Result != "taken" {
		t.Fatalf("reload: %+v, %v", health, err)
	}
}

// publish has publishers come, with secrets that are right and that are wrong.
func (r *secretsRun) publish(t *testing.T, file string) {
	t.Helper()
	srt := func(passphrase string) string {
		return overSRT(r.SRTAddr(), "streamid="+r.secrets["another channel's stream key"]+"&passphrase="+passphrase)
	}
	for _, wrong := range []func() (*publish.Publisher, error){
		func() (*publish.Publisher, error) {
			return publish.FFmpeg(r.RTMP(r.secrets["a wrong stream key"]), file)
		},
		func() (*publish.Publisher, error) {
			return publish.FFmpegSRT(srt(r.secrets["a wrong SRT passphrase"]), file)
		},
	} {
		p, err := wrong()
		awaitEnd(t, stopAtEnd(t, p, err))
	}
	for channel, right := range map[string]func() (*publish.Publisher, error){
		studio: func() (*publish.Publisher, error) {
			return publish.FFmpegLoop(r.RTMP(r.secrets["a channel's stream key"]+"?priority=3"), file)
		},
		"srt": func() (*publish.Publisher, error) {
			return publish.FFmpegSRT(srt(r.secrets["an SRT passphrase"]), file)
		},
	} {
		p, err := right()
		stopAtEnd(t, p, err)
		awaitLive(t, r.Playback(channel))
	}
	// A takeover that fails.
	p, err := publish.FFmpeg(r.RTMP(r.secrets["a channel's stream key"]+"?priority=2"), file)
	awaitEnd(t, stopAtEnd(t, p, err))
}

// call has the API make a channel, and refuse a caller.
func (r *secretsRun) call(t *testing.T) {
	t.Helper()
	for name, secret := range map[string]string{"right": r.secrets["the API's secret key"], "wrong": r.secrets["a wrong API key"]} {
		c, closing := awssdk.Client(r.API(), daemon.Region, aws.Credentials{AccessKeyID: daemon.AccessKey, SecretAccessKey: secret})
		defer closing()
		made, err := c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Name: aws.String(name)})
		if (err == nil) != (name == "right") {
			t.Fatalf("a caller with a %s key: %v", name, err)
		}
		if err != nil {
			continue
		}
		r.secrets["a stream key that the API made"] = *made.StreamKey.Value
		if _, err := c.GetStreamKey(t.Context(), &ivs.GetStreamKeyInput{Arn: made.StreamKey.Arn}); err != nil {
			t.Error(err)
		}
		// A key where another thing belongs is told as what is wrong with it.
		if _, err := c.GetStreamKey(t.Context(), &ivs.GetStreamKeyInput{Arn: aws.String("arn:aws:ivs:test:000000000001:stream-key/none")}); err == nil {
			t.Error("a stream key that is not there is found")
		}
	}
	awaitOrFail(t, within(t, 20*time.Second), "a webhook that fails", func() (bool, error) {
		h, err := r.Health(t.Context())
		receiver, _ := h.Receiver("ops")
		return receiver.Failures > 0, err
	}, nil)
}

// collect keeps what is there while the daemon runs.
func (r *secretsRun) collect(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/events", "/events/dead"} {
		resp, err := http.Get(r.Metrics() + path)
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan []byte, 1)
		go func() {
			b, _ := io.ReadAll(resp.Body)
			read <- b
		}()
		select { // events go on and on
		case r.wrote[path] = <-read:
			resp.Body.Close()
		case <-time.After(500 * time.Millisecond):
			resp.Body.Close()
			r.wrote[path] = <-read
		}
	}
	s := streamOf(t, r.Daemon)
	for _, name := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.Worker.PID, name))
		if err != nil {
			t.Fatal(err)
		}
		r.wrote["a worker's "+name] = b
	}
}

// files keeps what there is in the daemon's folder: its configuration has all secrets, and is not its own
// writing.
func (r *secretsRun) files(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(r.Folder(), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "ladderd.toml" {
			return nil // files of the window come and go
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		name, err := filepath.Rel(r.Folder(), path)
		r.wrote[name] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wrote := slices.Sorted(maps.Keys(r.wrote))
	for _, name := range []string{"ladderd.db", "audit/", "devices.json"} {
		if !slices.ContainsFunc(wrote, func(file string) bool { return strings.HasPrefix(file, name) }) {
			t.Errorf("%s is not among what was written: %v", name, wrote)
		}
	}
}

// misconfigure puts each secret where it is wrong, and has the daemon and check-config say so.
func (r *secretsRun) misconfigure(t *testing.T) {
	t.Helper()
	good, err := os.ReadFile(filepath.Join(r.Folder(), "ladderd.toml"))
	if err != nil {
		t.Fatal(err)
	}
	bin, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	key, password := r.secrets["a stream key after a reload"], r.secrets["etcd's password"]
	for i, wrong := range []string{
		"[[channel]]\nid = 'x'\nstream_key = '" + key + " '\n",
		"[[channel]]\nid = 'x'\nstream_key = " + key + "\n",
		"[[channel]]\nid = 'x'\nstream_key = '" + key + "\n",
		"[[channel]]\nid = 'x'\nstream_key = ['" + key + "']\n",
		"[[channel]]\nid = 'x'\nstream_key = '" + r.secrets["a channel's stream key"] + "'\n",
		"[[channel]]\nid = 'x'\nstream_key = '" + key + "'\nsrt_passphrase = '" + strings.Repeat(r.secrets["an SRT passphrase"], 8) + "'\n",
		"[store]\netcd_user = 'ladderd'\netcd_password = '" + password + "\\u0007'\n",
		"[store]\netcd = ['http://ladderd:" + password + "@127.0.0.1:1']\n",
		"[[events.webhook]]\nurl = 'ftp://127.0.0.1/" + r.secrets["a token in a webhook's URL"] + "'\nsecret = '" + r.secrets["a webhook's secret"] + " '\n",
		"[[api.access_key]]\nid = 'AKIDEXAMPLE0000000002'\nsecret = \"" + r.secrets["the API's secret key"] + "\\z\"\n",
	} {
		text := string(good) + wrong
		health, err := r.Reload(t.Context(), func(string) string { return text })
		if err != nil || health.Reloaded.Result != "refused" {
			t.Fatalf("wrong configuration %d: %+v, %v", i, health.Reloaded, err)
		}
		r.wrote[fmt.Sprintf("config_error %d", i)] = []byte(health.ConfigError)
		out, err := exec.Command(bin, "check-config", filepath.Join(r.Folder(), "ladderd.toml")).CombinedOutput()
		if err == nil {
			t.Errorf("check-config takes wrong configuration %d", i)
		}
		r.wrote[fmt.Sprintf("check-config %d", i)] = out
	}
}

// judge looks for each secret, in every form in which it might be written.
func (r *secretsRun) judge(t *testing.T) {
	t.Helper()
	found := map[string]bool{}
	for what, secret := range r.secrets {
		for where, text := range r.wrote {
			for form, written := range forms(secret) {
				if !bytes.Contains(text, []byte(written)) {
					continue
				}
				if file := excepted[what]; file != "" && strings.HasPrefix(where, file) {
					found[what] = true
					continue
				}
				t.Errorf("%s is in %s (%s)", what, where, form)
			}
		}
	}
	for what := range excepted {
		if !found[what] {
			t.Errorf("%s is not where it may be: the exception is not needed", what)
		}
	}
	if len(r.wrote["the log"]) == 0 || len(r.wrote["/healthz"]) == 0 {
		t.Error("nothing was written")
	}
}

// forms are how a text may be written.
func forms(secret string) map[string]string {
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	return map[string]string{
		"as it is": secret, "hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64": strings.TrimRight(encoded, "="), "base64 for URLs": strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
		"in a URL": url.QueryEscape(secret), "quoted": strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
}
