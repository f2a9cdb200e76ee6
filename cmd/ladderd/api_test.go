package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/google/go-cmp/cmp"

	"ladderd/config"
	"ladderd/control"
	"ladderd/control/history"
	"ladderd/event"
	"ladderd/stream"
	"ladderd/testassets/awssdk"
	"ladderd/testassets/happened"
	"ladderd/testassets/pki"
)

const (
	someKey    = "AKIDEXAMPLE0000000001"
	someSecret = "a-secret-of-the-tests-0123456789"
)

// apiText is a configuration with the API and one caller of that policy.
func apiText(policy string) string {
	return fmt.Sprintf("[api]\nlisten = '127.0.0.1:0'\ncall_rate = 1000\n[[api.access_key]]\nid = %q\nsecret = %q\npolicy = %q\n", someKey, someSecret, policy)
}

// caller calls a daemon's API.
func (r *reloaded) caller() *ivs.Client {
	client, closing := awssdk.Client("http://"+r.addresses["API"].String(), "local", aws.Credentials{AccessKeyID: someKey, SecretAccessKey: someSecret})
	r.t.Cleanup(closing)
	return client
}

func TestReloadTakesWhoMayCall(t *testing.T) {
	r := newReloaded(t, apiText("IVSReadOnlyAccess"))
	r.daemon.start()
	c := r.caller()
	create := func() error {
		_, err := c.CreateChannel(t.Context(), &ivs.CreateChannelInput{})
		return err
	}
	if err := create(); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a reader: %v", err)
	}
	r.with(apiText("IVSFullAccess") + channelText("a"))
	if err := create(); err != nil {
		t.Errorf("after a reload: %v", err)
	}
	fixed, err := c.GetChannel(t.Context(), &ivs.GetChannelInput{Arn: aws.String("arn:aws:ivs:local:000000000000:channel/a")})
	if err != nil || *fixed.Channel.Name != "a" {
		t.Errorf("the file's channel: %v, %v", fixed, err)
	}
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	misspelt := filepath.Join(t.TempDir(), "misspelt.json")
	if err := os.WriteFile(misspelt, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ivs:Create*","ivs:GetChanel"],"Resource":"*"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if log := r.with(apiText(misspelt)); !strings.Contains(log, "ivs:GetChanel") || strings.Contains(log, "Create*") {
		t.Errorf("a misspelt action: the log says %s", log)
	}
	if log := r.with(apiText(policy)); !strings.Contains(log, "statement 1") || !strings.Contains(log, someKey) {
		t.Errorf("a bad policy: the log says %s", log)
	}
	if err := create(); err != nil {
		t.Errorf("after a reload of no good: %v", err)
	}
	r.with(apiText("IVSFullAccess") + "[limits]\nchannels = 2\n")
	if err := create(); err == nil || !strings.Contains(err.Error(), "ServiceQuotaExceeded") {
		t.Errorf("with a lower quota: %v", err)
	}
	if text := r.health(); !strings.Contains(text, `"api":{"requests":`) {
		t.Errorf("health says %s", text)
	}
}

// What the API makes is in use by the publishers' side and by the viewers'.
func TestChannelsOfTheAPIAreTheHubs(t *testing.T) {
	r := newReloaded(t, apiText("IVSFullAccess"))
	r.daemon.start()
	made, err := r.caller().CreateChannel(t.Context(), &ivs.CreateChannelInput{})
	if err != nil {
		t.Fatal(err)
	}
	arn := *made.Channel.Arn
	id := arn[strings.LastIndex(arn, "/")+1:]
	if r.page(id) != http.StatusOK {
		t.Error("there is no page for the channel")
	}
	playback := r.addresses["playback"].String()
	if want := "http://" + playback + "/api/video/v1/local.000000000000.channel." + id + ".m3u8"; *made.Channel.PlaybackUrl != want {
		t.Errorf("playback URL %s, want %s", *made.Channel.PlaybackUrl, want)
	}
	if want := r.addresses["RTMP"].String(); *made.Channel.IngestEndpoint != want || made.Channel.Srt != nil {
		t.Errorf("ingest endpoint %s, want %s; SRT %v", *made.Channel.IngestEndpoint, want, made.Channel.Srt)
	}
}

// The longest tags that the model takes fit into a request's body, and into its line.
func TestAPITakesTheLongestTags(t *testing.T) {
	r := newReloaded(t, apiText("IVSFullAccess"))
	r.daemon.start()
	tags, keys := map[string]string{}, []string{}
	for i := range 50 {
		key := strings.Repeat("\U00020000", 126) + fmt.Sprintf("%02d", i)
		keys = append(keys, key)
		tags[key] = strings.Repeat("\U00020000", 256)
	}
	c := r.caller()
	made, err := c.CreateChannel(t.Context(), &ivs.CreateChannelInput{Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.UntagResource(t.Context(), &ivs.UntagResourceInput{ResourceArn: made.Channel.Arn, TagKeys: keys}); err != nil {
		t.Error(err)
	}
	left, err := c.ListTagsForResource(t.Context(), &ivs.ListTagsForResourceInput{ResourceArn: made.Channel.Arn})
	if err != nil || len(left.Tags) != 0 {
		t.Errorf("%d tags are left, %v", len(left.Tags), err)
	}
}

func TestAPIByHTTPS(t *testing.T) {
	cert, key, err := pki.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("cert = %q\nkey = %q\n", cert, key)
	r := newReloaded(t, strings.Replace(apiText("IVSFullAccess"), "call_rate", text+"call_rate", 1))
	r.daemon.start()
	roots := x509.NewCertPool()
	certificate, err := os.ReadFile(cert)
	if err != nil || !roots.AppendCertsFromPEM(certificate) {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	answer, err := client.Post("https://"+r.addresses["API"].String()+"/ListChannels", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	client.CloseIdleConnections()
	if code := answer.Header.Get("X-Amzn-ErrorType"); code != "MissingAuthenticationTokenException" {
		t.Errorf("unsigned: %s %s", answer.Status, code)
	}
}

func TestEndpointsFollowFromTheListeners(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	tcp := func(s string) net.Addr {
		a, err := net.ResolveTCPAddr("tcp", s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	told := config.API{IngestEndpoint: "i.example", SRTEndpoint: "s.example:1", PlaybackURL: "https://p.example"}
	for name, c := range map[string]struct {
		api  config.API
		at   map[string]net.Addr
		want control.Endpoints
	}{
		"usual ports": {at: map[string]net.Addr{
			"RTMPS": tcp("192.0.2.1:443"), "RTMP": tcp("192.0.2.1:1935"), "SRT": tcp("192.0.2.1:9000"), "playback by HTTPS": tcp("192.0.2.1:443"), "playback": tcp("192.0.2.1:80"),
		}, want: control.Endpoints{Ingest: "192.0.2.1", SRT: "192.0.2.1", Playback: "https://192.0.2.1"}},
		"others": {at: map[string]net.Addr{"RTMP": tcp("127.0.0.1:1936"), "SRT": tcp("[::1]:9001"), "playback": tcp("[::1]:80")},
			want: control.Endpoints{Ingest: "127.0.0.1:1936", SRT: "[::1]:9001", Playback: "http://[::1]"}},
		"all addresses": {at: map[string]net.Addr{"RTMPS": tcp(":443"), "playback": tcp(":8080")},
			want: control.Endpoints{Ingest: host, Playback: "http://" + host + ":8080"}},
		"told": {api: told, at: map[string]net.Addr{"RTMP": tcp(":1935"), "SRT": tcp(":9000"), "playback": tcp(":80")},
			want: control.Endpoints{Ingest: "i.example", SRT: "s.example:1", Playback: "https://p.example"}},
	} {
		got := (&daemon{addresses: c.at}).endpoints(&config.Config{API: c.api})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func TestEventsGoIntoTheHistory(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	started := happened.Event(event.NameStreamStart, "c", "st-1", at)
	got := past(stream.Event{
		Event: started,
		Source: &stream.Source{
			Encoder: "OBS", Video: stream.SourceVideo{Codec: "avc1.64001f", Profile: "High", Level: "3.1", Width: 1280, Height: 720, FrameRate: 29.97, TargetBitrate: 3_000_000},
			Audio: &stream.SourceAudio{Codec: "mp4a.40.2", SampleRate: 48000, Channels: 2, TargetBitrate: 160_000},
		},
	})
	want := history.Event{Event: started, Ingest: &history.Ingest{
		Videos: []history.Video{{Encoder: "OBS", Codec: "avc1.64001f", Profile: "High", Level: "3.1", Width: 1280, Height: 720, FrameRate: 29.97, TargetBitrate: 3_000_000}},
		Audios: []history.Audio{{Codec: "mp4a.40.2", SampleRate: 48000, Channels: 2, TargetBitrate: 160_000}},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(event.Event{}), cmp.Comparer(func(a, b event.Event) bool { return a.ID() == b.ID() })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := past(stream.Event{Event: happened.Event(event.NameTakeoverFailure, "c", "st-1", at)}); got.Ingest != nil || got.Code() != "StreamTakeoverInvalidPriority" {
		t.Errorf("a failure: %+v", got)
	}
}

func TestPoliciesThatAreBuiltInAreNotWarnedOf(t *testing.T) {
	for _, policy := range []string{config.PolicyFull, config.PolicyReadOnly, config.PolicyMetrics} {
		keys, err := accessKeys(&config.Config{API: config.API{AccessKeys: []config.AccessKey{{ID: someKey, Secret: someSecret, Policy: policy}}}})
		if err != nil {
			t.Fatal(err)
		}
		if warnings := keyWarnings(keys); len(warnings) > 0 {
			t.Errorf("%s: %q", policy, warnings)
		}
	}
}

func TestAccessKeysReadTheirFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret, policy := file("secret", " "+someSecret+"\n"), file("policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	keys, err := accessKeys(&config.Config{API: config.API{AccessKeys: []config.AccessKey{{ID: someKey, SecretFile: secret, User: "u", Policy: policy}}}})
	if err != nil || len(keys) != 1 || keys[0].Secret != someSecret || keys[0].User != "u" || keys[0].Policy == nil {
		t.Errorf("%v, %v", keys, err)
	}
	for name, k := range map[string]config.AccessKey{
		"no file":        {SecretFile: filepath.Join(dir, "none"), Policy: config.PolicyFull},
		"a short secret": {SecretFile: file("short", "abc"), Policy: config.PolicyFull},
		"a folder":       {SecretFile: dir, Policy: config.PolicyFull},
		"no policy":      {Secret: someSecret, Policy: filepath.Join(dir, "none")},
		"no JSON":        {Secret: someSecret, Policy: file("bad", "{")},
	} {
		k.ID = someKey
		_, err := accessKeys(&config.Config{API: config.API{AccessKeys: []config.AccessKey{k}}})
		if err == nil || !strings.Contains(err.Error(), someKey) || strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
