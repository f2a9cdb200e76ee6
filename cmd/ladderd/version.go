package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"

	"ladderd/pipeline/worker"
)

// version is what --version prints: of the program, and of the FFmpeg in it.
func version() string {
	return fmt.Sprintf("ladderd %s\nFFmpeg %s", build(), worker.LibavVersion())
}

// build is which build of the program this is.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return described(info)
}

// described is a build's module version and commit, as far as the Go command noted
// them: it leaves the commit out with -buildvcs=false.
func described(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	words := []string{cmp.Or(info.Main.Version, "(devel)")}
	if commit := settings["vcs.revision"]; commit != "" {
		words = append(words, "commit "+commit)
	} else {
		words = append(words, "commit unknown")
	}
	if at := settings["vcs.time"]; at != "" {
		words = append(words, "of "+at)
	}
	if settings["vcs.modified"] == "true" {
		words = append(words, "with changes")
	}
	return strings.Join(append(words, info.GoVersion), ", ")
}
