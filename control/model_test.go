package control

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// awsModel is the service's model as the AWS CLI has it.
type awsModel struct {
	Operations map[string]struct {
		HTTP struct {
			Method       string
			RequestURI   string `json:"requestUri"`
			ResponseCode int
		}
		Input, Output struct{ Shape string }
		Errors        []struct{ Shape string }
	}
	Shapes map[string]modelShape
}

type modelShape struct {
	Type     string
	Min, Max *int
	Pattern  string
	Enum     []string
	Required []string
	Members  map[string]struct{ Shape, Location, LocationName string }
	Member   struct{ Shape string }
	Key      struct{ Shape string }
	Value    struct{ Shape string }
	Error    struct{ HTTPStatusCode int }
}

// modelFiles is where Debian's awscli, other packages of the CLI and botocore have the model.
var modelFiles = []string{
	"/usr/lib/python3/dist-packages/awscli/botocore/data/ivs/2020-07-14/service-2.json*",
	"/usr/lib/python3/dist-packages/botocore/data/ivs/2020-07-14/service-2.json*",
	"/usr/local/lib/python3*/*-packages/botocore/data/ivs/2020-07-14/service-2.json*",
	"/usr/local/aws-cli/v2/*/dist/awscli/botocore/data/ivs/2020-07-14/service-2.json*",
	"~/.pyenv/versions/*/lib/python3*/site-packages/botocore/data/ivs/2020-07-14/service-2.json*",
	"~/.local/lib/python3*/site-packages/botocore/data/ivs/2020-07-14/service-2.json*",
}

// newest is a shape of the model's youngest operations. A model without it is another version's:
// its rules were others.
const newest = "AdDurationSeconds"

// installedModels are all models of this version that this machine has.
func installedModels(t *testing.T) map[string]awsModel {
	t.Helper()
	home, _ := os.UserHomeDir()
	models := map[string]awsModel{}
	for _, pattern := range modelFiles {
		found, err := filepath.Glob(strings.Replace(pattern, "~", home, 1))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if m := readModel(t, path); m.Shapes[newest].Type != "" {
				models[path] = m
			}
		}
	}
	if len(models) == 0 {
		t.Skip("no AWS CLI of 2026 or later is installed, with whose model of IVS the rules could be compared")
	}
	return models
}

func readModel(t *testing.T, path string) (m awsModel) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	text := io.Reader(f)
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewDecoder(text).Decode(&m); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return m
}

// own are where the rules differ from the model on purpose.
var own = map[string]string{
	// Ids of channels in the configuration file may have underscores.
	`/[a-zA-Z0-9-]+`: `/[a-zA-Z0-9_-]+`,
	// The model's own form is for kinds of one letter, which no ARN has.
	`[a-z-]/`: `[a-z-]+/`,
}

// The operations and rules are those of the model.
func TestRulesAreTheModels(t *testing.T) {
	for path, m := range installedModels(t) {
		t.Logf("compared with %s", path)
		ours := map[string]reflect.Type{}
		for of, r := range rules {
			ours[r.shape] = of
		}
		for name, op := range m.Operations {
			o := routes[op.HTTP.Method+" "+strings.TrimSuffix(op.HTTP.RequestURI, "{resourceArn}")]
			if o == nil || o.name != name {
				t.Errorf("there is no operation %s", name)
				continue
			}
			// The ad operations answer alike whatever is asked.
			if o.kind == kindAds {
				continue
			}
			if o.status != op.HTTP.ResponseCode {
				t.Errorf("%s answers %d, the model's %d", name, o.status, op.HTTP.ResponseCode)
			}
			m.compare(t, name, reflect.TypeOf(o.do.request()).Elem(), op.Input.Shape, true)
		}
		for shape, of := range ours {
			if theirs, known := m.Shapes[shape]; known {
				compareRule(t, rules[of], theirs)
			}
		}
		for code, status := range statuses {
			if theirs, known := m.Shapes[code]; known && theirs.Error.HTTPStatusCode != status {
				t.Errorf("%s is %d, the model's %d", code, status, theirs.Error.HTTPStatusCode)
			}
		}
	}
}

// compare holds a struct's fields to a structure of the model: all fields of the model are
// there, what it requires is required, and their rules are the model's.
func (m awsModel) compare(t *testing.T, where string, ours reflect.Type, shape string, request bool) {
	t.Helper()
	theirs := m.Shapes[shape]
	fields := map[string]requestField{}
	for f := range fieldsOf(ours) {
		fields[f.name] = f
	}
	for name, member := range theirs.Members {
		if member.Location == "header" || name == "adConfigurationArn" && !request {
			continue
		}
		f, there := fields[name]
		if !there {
			t.Errorf("%s has no field %s", where, name)
			continue
		}
		if request && f.required != slices.Contains(theirs.Required, name) {
			t.Errorf("%s.%s: required is %v", where, name, f.required)
		}
		m.compareType(t, where+"."+name, f.of, member.Shape, request)
	}
}

func (m awsModel) compareType(t *testing.T, where string, ours reflect.Type, shape string, request bool) {
	t.Helper()
	for ours.Kind() == reflect.Pointer {
		ours = ours.Elem()
	}
	theirs := m.Shapes[shape]
	switch theirs.Type {
	case "structure":
		if ours.Kind() == reflect.Struct { // what is snapshot is JSON already
			m.compare(t, where, ours, shape, request)
		}
	case "list":
		m.compareType(t, where+"[]", ours.Elem(), theirs.Member.Shape, request)
	case "map":
		if request {
			m.compareType(t, where+" key", ours.Key(), theirs.Key.Shape, request)
			m.compareType(t, where+" value", ours.Elem(), theirs.Value.Shape, request)
		}
	}
	if constrained := theirs.Min != nil || theirs.Max != nil || theirs.Pattern != "" || theirs.Enum != nil; request && constrained {
		r, ruled := rules[ours]
		if !ruled {
			t.Errorf("%s has no rule, and the model's %s has", where, shape)
			return
		}
		if r.shape != shape {
			compareRule(t, r, theirs) // shapes that are the same in all but the name
		}
	}
}

func compareRule(t *testing.T, r rule, theirs modelShape) {
	t.Helper()
	least, most := 0, 0
	if theirs.Min != nil {
		least = *theirs.Min
	}
	if theirs.Max != nil {
		most = *theirs.Max
	}
	if r.least != least || r.most != most {
		t.Errorf("%s: %d to %d, the model's are %d to %d", r.shape, r.least, r.most, least, most)
	}
	if !slices.Equal(r.words, theirs.Enum) {
		t.Errorf("%s: %v, the model's are %v", r.shape, r.words, theirs.Enum)
	}
	if (r.form == nil) != (theirs.Pattern == "") {
		t.Errorf("%s: form %v, the model's is %s", r.shape, r.form, theirs.Pattern)
	}
	if r.form == nil {
		return
	}
	// The same texts match, whatever the notation: Java's and the anchors.
	pattern := theirs.Pattern
	for from, to := range own {
		pattern = strings.ReplaceAll(pattern, from, to)
	}
	whole := regexp.MustCompile(`^(?:` + pattern + `)$`)
	for _, text := range samples {
		if r.form.MatchString(text) != whole.MatchString(text) {
			t.Errorf("%s: %q matches one of %s and the model's %s", r.shape, text, r.form, theirs.Pattern)
		}
	}
}

// samples tell forms apart.
var samples = append([]string{
	"", "a", "A-_9", "a b", "ä", "a.b", "a/b", "a=", "a+b", "a:b", "a@b", "a!b", "a\nb", "st-", "st-a", "st-a-b", "St-a", "bucket.name-1", "Bucket",
	"arn:aws:ivs:local:000000000000:channel/", "arn:aws:ivs:Local:000000000000:channel/a", "arn:aws:ivs:local:x:channel/a", "arn:aws:ivs:local:0:channel/a/b",
	"xarn:aws:ivs:local:0:channel/a", "arn:aws:ivs:local:0:channel/a b", "arn:aws:s3:local:0:channel/a", "arn:aws:ivs:local:0:channel/a\n",
}, arnsOfAll...)

// Answers have all fields that the model's have.
func TestAnswersHaveTheModelsFields(t *testing.T) {
	shapes := map[string]reflect.Type{
		"Channel": reflect.TypeFor[Channel](), "ChannelSummary": reflect.TypeFor[channelSummary](), "StreamKey": reflect.TypeFor[streamKey](),
		"StreamKeySummary": reflect.TypeFor[streamKeySummary](), "PlaybackKeyPair": reflect.TypeFor[playbackKeyPair](),
		"PlaybackKeyPairSummary": reflect.TypeFor[playbackKeyPair](), "PlaybackRestrictionPolicy": reflect.TypeFor[restrictionPolicy](),
		"PlaybackRestrictionPolicySummary": reflect.TypeFor[restrictionPolicy](), "RecordingConfiguration": reflect.TypeFor[recordingConfiguration](),
		"RecordingConfigurationSummary": reflect.TypeFor[recordingConfiguration](), "Stream": reflect.TypeFor[stream](),
		"StreamSummary": reflect.TypeFor[stream](), "StreamSession": reflect.TypeFor[streamSession](),
		"StreamSessionSummary": reflect.TypeFor[streamSessionSummary](), "BatchError": reflect.TypeFor[batchError](),
		"BatchStartViewerSessionRevocationError": reflect.TypeFor[viewerSessionError](),
		"BatchGetChannelResponse":                reflect.TypeFor[batchGetChannelResponse](), "BatchGetStreamKeyResponse": reflect.TypeFor[batchGetStreamKeyResponse](),
		"BatchStartViewerSessionRevocationResponse": reflect.TypeFor[batchRevokeResponse](), "CreateChannelResponse": reflect.TypeFor[createChannelResponse](),
		"CreatePlaybackRestrictionPolicyResponse": reflect.TypeFor[policyResponse](), "CreateRecordingConfigurationResponse": reflect.TypeFor[recordingResponse](),
		"CreateStreamKeyResponse": reflect.TypeFor[streamKeyResponse](), "GetStreamResponse": reflect.TypeFor[streamResponse](),
		"GetStreamSessionResponse": reflect.TypeFor[streamSessionResponse](), "ImportPlaybackKeyPairResponse": reflect.TypeFor[playbackKeyPairResponse](),
		"ListChannelsResponse": reflect.TypeFor[listChannelsResponse](), "ListPlaybackKeyPairsResponse": reflect.TypeFor[listPlaybackKeyPairsResponse](),
		"ListPlaybackRestrictionPoliciesResponse": reflect.TypeFor[listPoliciesResponse](), "ListRecordingConfigurationsResponse": reflect.TypeFor[listRecordingsResponse](),
		"ListStreamKeysResponse": reflect.TypeFor[listStreamKeysResponse](), "ListStreamSessionsResponse": reflect.TypeFor[listStreamSessionsResponse](),
		"ListStreamsResponse": reflect.TypeFor[listStreamsResponse](), "ListTagsForResourceResponse": reflect.TypeFor[tagsResponse](),
		"UpdateChannelResponse": reflect.TypeFor[channelResponse](),
	}
	for _, m := range installedModels(t) {
		for shape, of := range shapes {
			if _, known := m.Shapes[shape]; known {
				m.compare(t, shape, of, shape, false)
			}
		}
	}
}
