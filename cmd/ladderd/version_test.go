package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionTellsTheBuild(t *testing.T) {
	build := &debug.BuildInfo{GoVersion: "go1.26.1", Main: debug.Module{Version: "v1.2.0"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	tests := []struct {
		build *debug.BuildInfo
		want  string
	}{
		{build, "v1.2.0, commit abc, of 2026-01-02T03:04:05Z, with changes, go1.26.1"},
		{&debug.BuildInfo{GoVersion: "go1.26.1"}, "(devel), commit unknown, go1.26.1"},
	}
	for _, test := range tests {
		if got := described(test.build); got != test.want {
			t.Errorf("%q, not %q", got, test.want)
		}
	}
	if text := version(); !strings.Contains(text, "\nFFmpeg ") {
		t.Errorf("no version of FFmpeg in %q", text)
	}
}
