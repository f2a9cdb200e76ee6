package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// sample is an answer that the guide shows.
type sample struct {
	line   int    // where it begins in the guide
	fields string // paths to all that it has; one that leads through a list goes for each element
}

// The guide's samples. One field is left out: that of list-playback-key-pairs has
// fingerprints, which the API's model does not, so no tool would show them.
var (
	createdChannel = sample{1383, channelFields + " channel.playbackRestrictionPolicyArn " + srtFields + " " + streamKeyFields}
	// The same with a recording configuration, and with playback authorization.
	createdRecorded   = sample{1515, channelFields + " " + srtFields + " " + streamKeyFields}
	createdAuthorized = sample{6172, `channel.name channel.tags channel.authorized channel.latencyMode channel.ingestEndpoint
		channel.playbackUrl channel.arn ` + streamKeyFields}
	// The answer to update-channel is said to be that without the stream key (line 1512).
	updatedChannel = sample{1515, channelFields + " " + srtFields}

	createdRecording = sample{1449, recordingFields}
	gotRecording     = sample{1479, recordingFields}

	gotSession = sample{2197, `streamSession.startTime streamSession.endTime streamSession.streamId
		streamSession.truncatedEvents.eventTime streamSession.truncatedEvents.name streamSession.truncatedEvents.type
		` + ingestFields + " " + sessionChannelFields}
	// As long as the stream is live the session has no end (line 2110).
	gotLiveSession = sample{2197, strings.Replace(gotSession.fields, "streamSession.endTime ", "", 1)}

	importedKey = sample{6116, "keyPair.arn keyPair.fingerprint keyPair.tags"}
	gotKey      = sample{6459, importedKey.fields}
	listedKeys  = sample{6364, "keyPairs.arn keyPairs.tags"}
)

const (
	channelFields = `channel.arn channel.authorized channel.ingestEndpoint channel.insecureIngest channel.latencyMode
		channel.name channel.playbackUrl channel.recordingConfigurationArn channel.tags channel.type`
	srtFields       = "channel.srt.endpoint channel.srt.passphrase"
	streamKeyFields = "streamKey.arn streamKey.channelArn streamKey.tags streamKey.value"
	recordingFields = `recordingConfiguration.arn recordingConfiguration.name
		recordingConfiguration.destinationConfiguration.s3.bucketName
		recordingConfiguration.recordingReconnectWindowSeconds recordingConfiguration.state recordingConfiguration.tags
		recordingConfiguration.thumbnailConfiguration.recordingMode
		recordingConfiguration.thumbnailConfiguration.targetIntervalSeconds`
	ingestFields = `streamSession.ingestConfiguration.audio.channels streamSession.ingestConfiguration.audio.codec
		streamSession.ingestConfiguration.audio.sampleRate streamSession.ingestConfiguration.audio.targetBitrate
		streamSession.ingestConfiguration.video.avcLevel streamSession.ingestConfiguration.video.avcProfile
		streamSession.ingestConfiguration.video.codec streamSession.ingestConfiguration.video.encoder
		streamSession.ingestConfiguration.video.targetBitrate streamSession.ingestConfiguration.video.targetFramerate
		streamSession.ingestConfiguration.video.videoHeight streamSession.ingestConfiguration.video.videoWidth`
	sessionChannelFields = `streamSession.channel.name streamSession.channel.ingestEndpoint streamSession.channel.authorized
		streamSession.channel.latencyMode streamSession.channel.recordingConfigurationArn streamSession.channel.type
		streamSession.channel.playbackUrl streamSession.channel.arn`
)

// answer is what a tool printed of an answer.
type answer map[string]any

// at is what a path leads to; all of it, where it leads through lists. It is nil where a
// field is missing, be it in one element, and where a list is empty.
func (a answer) at(path string) []any {
	found := []any{map[string]any(a)}
	for _, name := range strings.Split(path, ".") {
		var next []any
		for _, v := range found {
			fields, _ := v.(map[string]any)
			value, ok := fields[name]
			if !ok {
				return nil
			}
			if list, ok := value.([]any); ok {
				next = append(next, list...)
			} else {
				next = append(next, value)
			}
		}
		found = next
	}
	return found
}

// all is the texts that a path leads to, with commas between; empty where there is none.
func (a answer) all(path string) string {
	var texts []string
	for _, v := range a.at(path) {
		texts = append(texts, fmt.Sprint(v))
	}
	return strings.Join(texts, ", ")
}

// text is the text that a path leads to, which has to be there.
func (a answer) text(t *testing.T, path string) string {
	t.Helper()
	found := a.at(path)
	if len(found) != 1 {
		t.Fatalf("no %s in %s", path, a)
	}
	text, ok := found[0].(string)
	if !ok {
		t.Fatalf("%s is %v, and a text is wanted", path, found[0])
	}
	return text
}

// check wants all of a sample's fields. A tool that is older than a field drops it:
// known, which may be nil, says whether this one would show it.
func (a answer) check(t *testing.T, s sample, known func(path string) bool) {
	t.Helper()
	for _, path := range strings.Fields(s.fields) {
		switch {
		case a.at(path) != nil:
		case known != nil && !known(path):
			t.Logf("the guide's sample of line %d has %s, which this tool's model does not know: not checked", s.line, path)
		default:
			t.Errorf("the guide's sample of line %d has %s, and this answer has not:\n%s", s.line, path, a)
		}
	}
}

func (a answer) String() string {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}
