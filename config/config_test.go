package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/testassets/golden"
)

// TestGoodFiles reads each file of testdata/good and compares what came of it.
func TestGoodFiles(t *testing.T) {
	for _, path := range corpus(t, "good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(c, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, strings.TrimSuffix(path, ".toml")+".golden", string(text)+"\n")
		})
	}
}

// TestBadFiles reads each file of testdata/bad and compares all that it is refused
// for. What says so in the file must not be shown.
func TestBadFiles(t *testing.T) {
	for _, path := range corpus(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := Load(path)
			var all Errors
			if !errors.As(err, &all) || c != nil {
				t.Fatalf("got %v, %v; want Errors", c, err)
			}
			text := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "")
			for _, secret := range []string{"must_not", "must not", "sk_", "secret_", "abcdefgh"} {
				if strings.Contains(text, secret) {
					t.Errorf("a secret is shown: %s", text)
				}
			}
			golden.Check(t, strings.TrimSuffix(path, ".toml")+".golden", text+"\n")
		})
	}
}

func corpus(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/%s: %v", dir, err)
	}
	return files
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	for _, path := range []string{"testdata/none.toml", "testdata"} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestDefaultListensOnLoopback(t *testing.T) {
	c := Default()
	for _, listen := range []Address{c.Ingest.RTMP.Listen, c.Playback.Listen, c.Metrics.Listen} {
		if !strings.HasPrefix(string(listen), "127.0.0.1:") {
			t.Errorf("listens on %q", listen)
		}
	}
	if len(c.Channels) != 0 {
		t.Errorf("channels %v", c.Channels)
	}
}

func TestStreamKeyIsRead(t *testing.T) {
	c, err := Load("testdata/good/channel-only.toml")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Channels[0].StreamKey.Reveal(); got != "12345678" {
		t.Errorf("stream key %q", got)
	}
}

func TestSecretDoesNotPrint(t *testing.T) {
	c := Channel{StreamKey: "sk_hidden"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("a channel", "channel", c, "key", c.StreamKey)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %q %s", c, c, c.StreamKey, c.StreamKey), log.String()} {
		if strings.Contains(text, "hidden") || !strings.Contains(text, "[secret]") {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestAddressesOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b Address
		want bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", true}, {":80", "127.0.0.1:80", true}, {"[::1]:80", "0.0.0.0:80", true},
		{"[::]:80", "localhost:80", true}, {"127.0.0.1:80", "127.0.0.2:80", false}, {":80", ":81", false},
		{":0", ":0", false}, {"", "", false}, {":80", "", false},
	} {
		if c.a.overlaps(c.b) != c.want || c.b.overlaps(c.a) != c.want {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", []string{"no [ingest.rtmp], [ingest.rtmps] or [ingest.srt]", "no [playback]", "no [[channel]]"}},
		{"all is well", "[ingest.rtmp]\n[playback]\n[[channel]]\nid='a'\nstream_key='12345678'\ninsecure_ingest=true", nil},
		{"RTMPS only", "[ingest.rtmps]\ncert='/c'\nkey='/k'\n[playback]\n[[channel]]\nid='a'\nstream_key='12345678'", nil},
		{"RTMPS beside RTMP", "[ingest.rtmp]\n[ingest.rtmps]\ncert='/c'\nkey='/k'\n[playback]\n[[channel]]\nid='a'\nstream_key='12345678'", nil},
		{"no protocol for a channel", "[ingest.rtmp]\n[playback]\n[[channel]]\nid='a'\nstream_key='12345678'", []string{`channel "a": insecure_ingest is false`}},
		{"SRT only", "[ingest.srt]\n[playback]\n[[channel]]\nid='a'\nstream_key='12345678'\nsrt_passphrase='0123456789'", nil},
		{"a passphrase without SRT", "[ingest.rtmp]\n[playback]\n[[channel]]\nid='a'\nstream_key='12345678'\ninsecure_ingest=true\nsrt_passphrase='0123456789'", []string{`channel "a": srt_passphrase is set`}},
		{"a reserved BASIC channel", "[ingest.rtmp]\n[playback]\n[[channel]]\nid='a'\ntype='BASIC'\nstream_key='12345678'\ninsecure_ingest=true\nreserved=true", []string{`channel "a": reserved is true`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			parsed, err := parse("test.toml", c.text)
			if err != nil {
				t.Fatal(err)
			}
			got := parsed.Warnings()
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) {
					t.Errorf("got %q, want %q", got[i], c.want[i])
				}
			}
		})
	}
}

// FuzzParse reads files. Whatever is wrong with one is told by line.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"good", "bad"} {
		files, _ := filepath.Glob(filepath.Join("testdata", dir, "*.toml"))
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse("fuzz.toml", text)
		var all Errors
		switch {
		case err == nil:
			_ = c.Warnings()
		case !errors.As(err, &all) || c != nil:
			t.Errorf("%v, %v; want Errors", c, err)
		}
		for _, e := range all {
			if e.Line < 1 {
				t.Errorf("no line: %v", e)
			}
		}
	})
}
