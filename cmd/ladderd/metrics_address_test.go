package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandsFindTheDaemon(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ladderd.toml")
	for listen, want := range map[string]string{
		"127.0.0.1:9091": "http://127.0.0.1:9091", ":9092": "http://127.0.0.1:9092", "0.0.0.0:9093": "http://127.0.0.1:9093",
		"[::]:9094": "http://127.0.0.1:9094", "[::1]:9095": "http://[::1]:9095", "box.example:9096": "http://box.example:9096", "": "has no [metrics] listener",
		"127.0.0.1:0": "--url says on which",
	} {
		text := "[metrics]\nlisten = \"" + listen + "\"\n"
		if listen == "" {
			text = "" // a listener without a section is off
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := metricsAddress{URL: "http://elsewhere:1", Config: file}.base()
		if got != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q is asked at %q, %v", listen, got, err)
		}
	}
	for text, want := range map[string]string{
		"http://127.0.0.1:9090": "http://127.0.0.1:9090", "box:9090": "http://box:9090", "https://box/ladderd/": "https://box/ladderd",
		"ftp://box": "", "http://": "", "": "", "http://a b": "",
	} {
		if got, err := listenerURL(text); got != want || (err == nil) != (want != "") {
			t.Errorf("--url %q is %q, %v", text, got, err)
		}
	}
}
