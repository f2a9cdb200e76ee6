package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// TestStockToolsDriveTheAPI walks the guide's own examples with the AWS CLI and with the AWS
// SDK for JavaScript: a channel is created and published to as it was printed, and the
// daemon is killed in mid-stream.
func TestStockToolsDriveTheAPI(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, walking)
	d := startDaemonWith(t, daemon.Settings{API: true, RTMPS: true, SRT: 200 * time.Millisecond})
	w := &tour{d: d, cli: awsCLI{d, "ivs"}, file: file}
	for _, part := range []struct {
		name string
		walk func(*testing.T)
	}{
		{"the AWS CLI", w.commandLine},
		{"a crash", w.crash},
		{"the AWS SDK for JavaScript", w.javaScript},
		{"what is left", w.remains},
	} {
		if !t.Run(part.name, part.walk) {
			return
		}
	}
}

// walking is what the walk takes of the machine on average, in tenths of a core: three CLIs
// at a time at first, beside a small ladder.
const walking = 13

// tour is a channel, as it was printed, and what became of it.
type tour struct {
	d    *daemon.Daemon
	cli  awsCLI
	file string // what is broadcast

	arn, key, playback string
	ingest             string // the host and port of RTMPS
	passphrase         string // of SRT
	first, second      string // the sessions before the crash
}

// rtmps is where to publish, as the guide has it (line 2989).
func (w *tour) rtmps() string { return "rtmps://" + w.ingest + "/app/" + w.key }

// commandLine is what an operator does who has a shell. What needs no broadcast is done
// beside it.
func (w *tour) commandLine(t *testing.T) {
	t.Run("broadcast", func(t *testing.T) {
		t.Parallel()
		w.create(t)
		w.broadcast(t)
	})
	t.Run("recording configurations", func(t *testing.T) {
		t.Parallel()
		w.recording(t)
	})
	t.Run("playback keys", func(t *testing.T) {
		t.Parallel()
		w.playbackKeys(t)
	})
}

func (w *tour) create(t *testing.T) {
	created := w.cli.sampled(t, createdChannel, "create-channel", "--name", "test-channel")
	w.arn, w.key = created.text(t, "channel.arn"), created.text(t, "streamKey.value")
	w.ingest, w.playback = created.text(t, "channel.ingestEndpoint"), created.text(t, "channel.playbackUrl")
	if got := created.text(t, "channel.type") + " " + created.text(t, "channel.latencyMode"); got != "STANDARD LOW" {
		t.Errorf("a channel is %s by default", got)
	}
}

// broadcast publishes to what was printed, and plays it.
func (w *tour) broadcast(t *testing.T) {
	p, err := publish.FFmpegLoop(w.rtmps(), w.file)
	p = stopAtEnd(t, p, err)
	v := view(t, w.d, w.playback, 2, nil) // of 360 lines
	w.first = w.live(t).text(t, "streamSession.streamId")

	for health, want := range map[string]string{"": w.arn, "HEALTHY": w.arn, "STARVING": ""} {
		args := []string{"list-streams"}
		if health != "" {
			args = append(args, "--filter-by", "health="+health)
		}
		if got := w.cli.run(t, args...).all("streams.channelArn"); got != want {
			t.Errorf("streams with health %q are of %q, and %q is live", health, got, want)
		}
	}
	w.checkStream(t, w.cli.run(t, "get-stream", "--channel-arn", w.arn))
	w.cli.run(t, "put-metadata", "--channel-arn", w.arn, "--metadata", `{"question": "What does IVS stand for?", "correctIndex": 0}`)
	w.updateWhileLive(t)
	w.cli.refused(t, "ConflictException", "delete-channel", "--arn", w.arn)

	w.cli.run(t, "stop-stream", "--channel-arn", w.arn)
	awaitEnd(t, p)
	checkWithin(t, v.finish(t), hls.LastSlackCut)
	w.cli.refused(t, "ChannelNotBroadcasting", "get-stream", "--channel-arn", w.arn)
	w.checkFirst(t)
}

func (w *tour) checkStream(t *testing.T, got answer) {
	t.Helper()
	for field, want := range map[string]string{
		"channelArn": w.arn, "streamId": w.first, "playbackUrl": w.playback, "state": "LIVE", "health": "HEALTHY",
	} {
		if s := got.text(t, "stream."+field); s != want {
			t.Errorf("the stream's %s is %q, and %q was wanted", field, s, want)
		}
	}
}

// live is the session of the stream that is live, once it has started.
func (w *tour) live(t *testing.T) answer {
	t.Helper()
	args := []string{"get-stream-session", "--channel-arn", w.arn}
	var session answer
	awaitOrFail(t, within(t, 30*time.Second), "the session of a live stream", func() (bool, error) {
		session = w.cli.run(t, args...)
		return session.events() == "Stream Start, Session Created", nil
	}, func() string { return session.String() })
	w.cli.check(t, session, gotLiveSession, args...)
	return session
}

// events are a session's, the newest first.
func (a answer) events() string { return a.all("streamSession.truncatedEvents.name") }

// over is a session once it has ended. The guide's sample has its last two events in one
// order (line 2202), and the guide's list of events says that it may be the other (line 7654).
func (w *tour) over(t *testing.T, id string) answer {
	t.Helper()
	args := []string{"get-stream-session", "--channel-arn", w.arn, "--stream-id", id}
	var session answer
	awaitOrFail(t, within(t, 30*time.Second), "the session's end", func() (bool, error) {
		session = w.cli.run(t, args...)
		return session.whole(), nil
	}, func() string { return session.String() })
	w.cli.check(t, session, gotSession, args...)
	if from, to := session.text(t, "streamSession.startTime"), session.text(t, "streamSession.endTime"); to < from {
		t.Errorf("session %s is from %s to %s", id, from, to)
	}
	return session
}

// whole says whether a session has all that happens in one, and nothing else.
func (a answer) whole() bool {
	last, first := a.events(), ", Stream Start, Session Created"
	return last == "Session Ended, Stream End"+first || last == "Stream End, Session Ended"+first
}

// updateWhileLive changes the channel for the next stream, and not for this one.
func (w *tour) updateWhileLive(t *testing.T) {
	t.Helper()
	updated := w.cli.sampled(t, updatedChannel, "update-channel", "--arn", w.arn, "--type", "BASIC", "--latency-mode", "NORMAL")
	if got := updated.text(t, "channel.type") + " " + updated.text(t, "channel.latencyMode"); got != "BASIC NORMAL" {
		t.Errorf("the channel became %s", got)
	}
	if got := w.live(t).text(t, "streamSession.channel.type"); got != "STANDARD" {
		t.Errorf("the live stream's channel is %s now", got)
	}
}

// checkFirst looks at the first session after its end.
func (w *tour) checkFirst(t *testing.T) {
	t.Helper()
	session := w.over(t, w.first)
	for _, kind := range session.at("streamSession.truncatedEvents.type") {
		if kind != "IVS Stream State Change" {
			t.Errorf("an event's type is %v", kind)
		}
	}
	for field, want := range map[string]any{
		"video.videoWidth": 640.0, "video.videoHeight": 360.0, "video.targetFramerate": 30.0, "audio.codec": "mp4a.40.2",
		"audio.channels": 2.0, "audio.sampleRate": 48000.0,
	} {
		if got := session.at("streamSession.ingestConfiguration." + field); len(got) != 1 || got[0] != want {
			t.Errorf("what came in has %s %v, and %v was sent", field, got, want)
		}
	}
	if codec := session.text(t, "streamSession.ingestConfiguration.video.codec"); !strings.HasPrefix(codec, "avc1.42") {
		t.Errorf("what came in is %s, and Baseline was sent", codec)
	}
}

// recording walks the guide from line 1424 on, and what it says of deleting.
func (w *tour) recording(t *testing.T) {
	made := w.cli.sampled(t, createdRecording, "create-recording-configuration", "--name", "configuration-1",
		"--destination-configuration", "s3={bucketName=test-bucket}",
		"--thumbnail-configuration", "recordingMode=INTERVAL,targetIntervalSeconds=60", "--recording-reconnect-window-seconds", "60")
	arn := made.text(t, "recordingConfiguration.arn")
	got := w.cli.sampled(t, gotRecording, "get-recording-configuration", "--arn", arn)
	if state := got.text(t, "recordingConfiguration.state"); state != "ACTIVE" {
		t.Errorf("the recording configuration is %s", state)
	}
	created := w.cli.sampled(t, createdRecorded, "create-channel", "--name", "channel-live", "--recording-configuration-arn", arn)
	channel := created.text(t, "channel.arn")
	if got := created.text(t, "channel.recordingConfigurationArn"); got != arn {
		t.Errorf("the channel's recording configuration is %q, and %q was wanted", got, arn)
	}
	w.cli.refused(t, "ConflictException", "delete-recording-configuration", "--arn", arn)
	updated := w.cli.sampled(t, updatedChannel, "update-channel", "--arn", channel, "--recording-configuration-arn", "")
	if got := updated.text(t, "channel.recordingConfigurationArn"); got != "" {
		t.Errorf("the channel's recording configuration is %q after it was taken off", got)
	}
	w.cli.run(t, "delete-recording-configuration", "--arn", arn)
	w.cli.refused(t, "ResourceNotFoundException", "get-recording-configuration", "--arn", arn)
	w.cli.run(t, "delete-channel", "--arn", channel)
	w.cli.refused(t, "ResourceNotFoundException", "get-channel", "--arn", channel)
}

// playbackKeys walks the guide from line 6082 on, and resets a stream key.
func (w *tour) playbackKeys(t *testing.T) {
	imported := w.cli.sampled(t, importedKey, "import-playback-key-pair", "--public-key-material", publicKey(t))
	arn := imported.text(t, "keyPair.arn")
	w.cli.sampled(t, gotKey, "get-playback-key-pair", "--arn", arn)
	if got := w.cli.sampled(t, listedKeys, "list-playback-key-pairs").all("keyPairs.arn"); got != arn {
		t.Errorf("the playback keys are %q, and %q was imported", got, arn)
	}
	w.cli.run(t, "delete-playback-key-pair", "--arn", arn)
	w.cli.refused(t, "ResourceNotFoundException", "get-playback-key-pair", "--arn", arn)

	created := w.cli.sampled(t, createdAuthorized, "create-channel", "--authorized")
	channel := created.text(t, "channel.arn")
	w.cli.run(t, "delete-stream-key", "--arn", created.text(t, "streamKey.arn"))
	reset := w.cli.run(t, "create-stream-key", "--channel-arn", channel)
	if reset.text(t, "streamKey.value") == created.text(t, "streamKey.value") {
		t.Error("the stream key is the same after it was reset")
	}
	w.cli.run(t, "delete-channel", "--arn", channel)
}

// crash kills the daemon in mid-stream. The update of before is in force in that stream.
func (w *tour) crash(t *testing.T) {
	p, err := publish.FFmpegLoop(w.rtmps(), w.file)
	p = stopAtEnd(t, p, err)
	v := view(t, w.d, w.playback, 1, nil) // none is encoded: BASIC
	list, err := v.client.Playlist(t.Context(), v.Variants[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	if list.PartTarget != 0 {
		t.Errorf("a stream with latency mode NORMAL has parts of %v", list.PartTarget)
	}
	w.second = w.live(t).text(t, "streamSession.streamId")
	channel, log := w.cli.run(t, "get-channel", "--arn", w.arn).String(), w.d.Output()

	if err := w.d.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, p)
	if err := w.d.Again(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.checkUnsaid(t, log)
	if !strings.Contains(w.d.Output(), w.second) {
		t.Errorf("the daemon does not say that it found a session without an end:\n%s", w.d.Output())
	}
	if after := w.cli.run(t, "get-channel", "--arn", w.arn).String(); after != channel {
		t.Errorf("the channel was\n%s\nand is\n%s", channel, after)
	}
	for _, id := range []string{w.second, w.first} {
		w.over(t, id)
	}
}

// remains is what is left of a channel after its end: its sessions.
func (w *tour) remains(t *testing.T) {
	w.cli.run(t, "delete-channel", "--arn", w.arn)
	w.cli.refused(t, "ResourceNotFoundException", "get-channel", "--arn", w.arn)
	var sessions answer
	awaitOrFail(t, within(t, 30*time.Second), "the end of all sessions", func() (bool, error) {
		sessions = w.cli.run(t, "list-stream-sessions", "--channel-arn", w.arn)
		return sessions.at("streamSessions.endTime") != nil, nil
	}, func() string { return sessions.String() })
	w.checkSessions(t, sessions)
	w.checkUnsaid(t, w.d.Output())
	files, err := filepath.Glob(filepath.Join(w.d.Folder(), "audit", "audit*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no audit log: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w.checkUnsaid(t, string(text))
	}
}

// checkSessions wants those before the crash behind the last one.
func (w *tour) checkSessions(t *testing.T, list answer) {
	t.Helper()
	ids := strings.Split(list.all("streamSessions.streamId"), ", ")
	if len(ids) != 3 || ids[1] != w.second || ids[2] != w.first {
		t.Errorf("the sessions are %v; before the last one there were %s and %s", ids, w.second, w.first)
	}
}

// checkUnsaid wants no secret in a log.
func (w *tour) checkUnsaid(t *testing.T, log string) {
	t.Helper()
	for what, secret := range map[string]string{"the stream key": w.key, "the passphrase": w.passphrase, "the secret access key": daemon.SecretKey} {
		if secret != "" && strings.Contains(log, secret) {
			t.Errorf("%s is in a log", what)
		}
	}
}
