package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// taken are the keys that a running daemon takes, by their beginnings.
var taken = []string{
	"server.drain",
	"ingest.reconnect_window", "ingest.max_connections_per_address", "ingest.failed_keys_per_minute",
	"playback.max_connections", "playback.max_connections_per_address", "log.level",
	"pipeline.backend", "pipeline.policy", "pipeline.when_full", "pipeline.placement", "pipeline.interlaced",
	"limits.stream_duration", "limits.concurrent_streams", "limits.concurrent_views", "limits.takeovers", "channel[0].",
	"limits.channels", "limits.recording_configurations", "limits.playback_key_pairs", "limits.playback_restriction_policies",
	"limits.policy_countries", "limits.policy_origins",
	"api.ingest_endpoint", "api.srt_endpoint", "api.playback_url", "api.call_rate", "api.access_key[0].",
	"events.webhook[0].",
}

// A key more is either taken at a reload or told to need a restart.
func TestEveryKeyIsTakenOrKept(t *testing.T) {
	for _, path := range pathsOf("", new(Config).schema()) {
		known := 0
		for _, k := range atStart {
			if k.key == path {
				known++
			}
		}
		if slices.ContainsFunc(taken, func(key string) bool {
			return path == key || strings.HasSuffix(key, ".") && strings.HasPrefix(path, key)
		}) {
			known++
		}
		if known != 1 {
			t.Errorf("%s is in %d of both lists", path, known)
		}
	}
}

func TestReloadKeepsWhatIsReadAtTheStart(t *testing.T) {
	running, err := Load("testdata/good/empty.toml")
	if err != nil {
		t.Fatal(err)
	}
	next, err := Load("testdata/good/full.toml")
	if err != nil {
		t.Fatal(err)
	}
	file := *next
	got, kept := running.Reload(next)
	var all []string
	for _, k := range atStart {
		all = append(all, k.key)
	}
	if diff := cmp.Diff(all, kept); diff != "" {
		t.Errorf("-want +kept:\n%s", diff)
	}
	want := *running
	want.Server.Drain = file.Server.Drain
	want.Ingest.ReconnectWindow, want.Ingest.MaxConnectionsPerAddress = file.Ingest.ReconnectWindow, file.Ingest.MaxConnectionsPerAddress
	want.Ingest.FailedKeysPerMinute = file.Ingest.FailedKeysPerMinute
	want.Playback.MaxConnections, want.Playback.MaxConnectionsPerAddress = file.Playback.MaxConnections, file.Playback.MaxConnectionsPerAddress
	want.Log.Level, want.Pipeline, want.Limits, want.Channels = file.Log.Level, file.Pipeline, file.Limits, file.Channels
	want.API.IngestEndpoint, want.API.SRTEndpoint, want.API.PlaybackURL = file.API.IngestEndpoint, file.API.SRTEndpoint, file.API.PlaybackURL
	want.API.CallRate, want.API.AccessKeys = file.API.CallRate, file.API.AccessKeys
	want.Events = file.Events
	want.Pipeline.RenderNodes, want.Limits.Network, want.Limits.Disk = nil, 0, 0
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(&file, next); diff != "" {
		t.Errorf("what was read has changed:\n%s", diff)
	}
	if _, kept := got.Reload(got); kept != nil {
		t.Errorf("the same again keeps %v", kept)
	}
}
