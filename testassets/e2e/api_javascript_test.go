package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// awsJS is the folder of the walk in JavaScript.
var awsJS = filepath.Join("..", "awsjs")

// called is one call of the walk in JavaScript.
type called struct {
	Call   string `json:"call"`
	Output answer `json:"output"`
	Error  string `json:"error"` // the type of a refusal
}

// javaScript walks by the SDK. The channel is published to by SRT with what the SDK printed,
// and with the stream key that it had before the crash.
func (w *tour) javaScript(t *testing.T) {
	if _, err := os.Stat(filepath.Join(awsJS, "node_modules")); err != nil {
		t.Fatal("the AWS SDK for JavaScript is not here: run make setup-test")
	}
	var p *publish.Publisher
	calls := w.node(t, func(c called) {
		if p == nil {
			p = w.publishSRT(t, c.Output)
		}
	})
	awaitEnd(t, p) // its stream was stopped
	checkCalls(t, calls)
	w.checkFound(t, calls)
}

// node runs the walk, and gives seen each call as it comes.
func (w *tour) node(t *testing.T, seen func(called)) (calls []called) {
	t.Helper()
	cmd := exec.CommandContext(within(t, time.Minute), "node", "walk.mjs", w.d.API(), daemon.Region, w.arn)
	cmd.Dir = awsJS
	cmd.Env = append(withoutAWS(os.Environ()), "AWS_ACCESS_KEY_ID="+daemon.AccessKey, "AWS_SECRET_ACCESS_KEY="+daemon.SecretKey)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(out)
	for {
		var c called
		if err := lines.Decode(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Errorf("what the walk prints: %v", err)
			break
		}
		calls = append(calls, c)
		seen(c)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("node walk.mjs: %v after %d calls\n%s", err, len(calls), &complaints)
	}
	return calls
}

// publishSRT publishes to a channel as it was printed.
func (w *tour) publishSRT(t *testing.T, printed answer) *publish.Publisher {
	t.Helper()
	w.passphrase = printed.text(t, "channel.srt.passphrase")
	query := "streamid=" + w.key + "&passphrase=" + w.passphrase
	p, err := publish.FFmpegSRTLoop(overSRT(printed.text(t, "channel.srt.endpoint"), query), w.file)
	return stopAtEnd(t, p, err)
}

// walked is what the calls of the walk are to give, in their order.
var walked = []struct {
	call, error string
	sample      sample // none where the guide shows no answer
}{
	{call: "get-channel", sample: updatedChannel}, // shown as that one
	{call: "list-streams"},
	{call: "get-stream"},
	{call: "put-metadata"},
	{call: "get-metric-data"},
	{call: "get-metric-data", error: "ValidationError"},
	{call: "list-stream-sessions"},
	{call: "get-stream-session", sample: gotSession},
	{call: "delete-channel", error: "ConflictException"},
	{call: "stop-stream"},
	{call: "get-stream", error: "ChannelNotBroadcasting"},
	{call: "create-recording-configuration", sample: createdRecording},
	{call: "get-recording-configuration", sample: gotRecording},
	{call: "create-channel", sample: createdChannel}, // the recorded one shows less
	{call: "delete-recording-configuration", error: "ConflictException"},
	{call: "list-tags-for-resource"},
	{call: "update-channel", sample: updatedChannel},
	{call: "delete-recording-configuration"},
	{call: "delete-channel"},
	{call: "get-channel", error: "ResourceNotFoundException"},
	{call: "import-playback-key-pair", sample: importedKey},
	{call: "get-playback-key-pair", sample: gotKey},
	{call: "list-playback-key-pairs", sample: listedKeys},
	{call: "delete-playback-key-pair"},
	{call: "get-playback-key-pair", error: "ResourceNotFoundException"},
}

func checkCalls(t *testing.T, calls []called) {
	t.Helper()
	if len(calls) != len(walked) {
		t.Fatalf("%d calls, and %d were wanted", len(calls), len(walked))
	}
	for i, want := range walked {
		got := calls[i]
		if got.Call != want.call || got.Error != want.error {
			t.Errorf("call %d is %s with error %q, and %s with %q was wanted", i, got.Call, got.Error, want.call, want.error)
			continue
		}
		got.Output.check(t, want.sample, nil)
	}
}

// checkFound looks at what calls give whose answers the guide does not show. The sessions
// came in pages of one.
func (w *tour) checkFound(t *testing.T, calls []called) {
	t.Helper()
	for _, c := range calls {
		switch c.Call {
		case "list-streams":
			if got := c.Output.all("streams.channelArn"); got != w.arn {
				t.Errorf("the streams are of %q, and %q is live", got, w.arn)
			}
		case "list-stream-sessions":
			w.checkSessions(t, c.Output)
		case "get-stream-session":
			if !c.Output.whole() {
				t.Errorf("the first session's events are %s", c.Output.events())
			}
		case "get-metric-data":
			if values := c.Output.at("MetricDataResults.Values"); c.Error == "" && (len(values) == 0 || values[0].(float64) <= 0) {
				t.Errorf("the stream's bit rates are %v", values)
			}
		case "list-tags-for-resource":
			if got := c.Output.all("tags.owner"); got != "walk" {
				t.Errorf("the channel's owner is %q", got)
			}
		}
	}
}
