package control

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rule is what the values of a shape may be (the AWS model's constraints).
type rule struct {
	shape string // its name in the model
	// least and most bound the characters of a text, the elements of a list or a map, and
	// a number itself; most 0 is no bound.
	least, most int
	form        *regexp.Regexp // of the whole text; nil for any
	words       []string       // the only ones; nil for any
	never       string         // what it does not begin with, in any case; empty for anything
}

func text(shape string, least, most int, form string) rule {
	r := rule{shape: shape, least: least, most: most}
	if form != "" {
		r.form = whole(form)
	}
	return r
}

func whole(form string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + form + `)$`) }

func word(shape string, words ...string) rule { return rule{shape: shape, words: words} }

func between(shape string, least, most int) rule { return rule{shape: shape, least: least, most: most} }

const (
	nameForm = `[a-zA-Z0-9-_]*`
	tagForm  = `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
)

// arnForm is the form of a kind's ARNs. Ids may have underscores: those of channels in the
// configuration file do, where the model knows only what the service itself makes up.
func arnForm(kind string) string { return `arn:aws:ivs:[a-z0-9-]+:[0-9]+:` + kind + `/[a-zA-Z0-9_-]+` }

func orNone(form string) string { return `|` + form }

// rules are the constraints by the type of a request's field. A test holds them to the AWS
// model, where one is installed.
var rules = map[reflect.Type]rule{
	reflect.TypeFor[channelARN]():         text("ChannelArn", 1, 128, arnForm("channel")),
	reflect.TypeFor[streamKeyARN]():       text("StreamKeyArn", 1, 128, arnForm("stream-key")),
	reflect.TypeFor[playbackKeyARN]():     text("PlaybackKeyPairArn", 1, 128, arnForm("playback-key")),
	reflect.TypeFor[recordingARN]():       text("RecordingConfigurationArn", 0, 128, arnForm("recording-configuration")),
	reflect.TypeFor[policyARN]():          text("PlaybackRestrictionPolicyArn", 1, 128, arnForm("playback-restriction-policy")),
	reflect.TypeFor[resourceARN]():        text("ResourceArn", 1, 128, arnForm("[a-z-]+")),
	reflect.TypeFor[channelRecording]():   text("ChannelRecordingConfigurationArn", 0, 128, orNone(arnForm("recording-configuration"))),
	reflect.TypeFor[channelPolicy]():      text("ChannelPlaybackRestrictionPolicyArn", 0, 128, orNone(arnForm("playback-restriction-policy"))),
	reflect.TypeFor[channelAds]():         text("ChannelAdConfigurationArn", 0, 128, orNone(arnForm("ad-configuration"))),
	reflect.TypeFor[channelName]():        text("ChannelName", 0, 128, nameForm),
	reflect.TypeFor[playbackKeyName]():    text("PlaybackKeyPairName", 0, 128, nameForm),
	reflect.TypeFor[recordingName]():      text("RecordingConfigurationName", 0, 128, nameForm),
	reflect.TypeFor[policyName]():         text("PlaybackRestrictionPolicyName", 0, 128, nameForm),
	reflect.TypeFor[latencyMode]():        word("ChannelLatencyMode", "NORMAL", "LOW"),
	reflect.TypeFor[channelType]():        word("ChannelType", "BASIC", "STANDARD", "ADVANCED_SD", "ADVANCED_HD"),
	reflect.TypeFor[transcodePreset]():    word("TranscodePreset", "HIGHER_BANDWIDTH_DELIVERY", "CONSTRAINED_BANDWIDTH_DELIVERY"),
	reflect.TypeFor[containerFormat]():    word("ContainerFormat", "TS", "FRAGMENTED_MP4"),
	reflect.TypeFor[multitrackPolicy]():   word("MultitrackPolicy", "ALLOW", "REQUIRE"),
	reflect.TypeFor[multitrackSize]():     word("MultitrackMaximumResolution", "SD", "HD", "FULL_HD"),
	reflect.TypeFor[tagKey]():             {shape: "TagKey", least: 1, most: 128, form: whole(tagForm + `+`), never: "aws:"},
	reflect.TypeFor[tagValue]():           text("TagValue", 0, 256, tagForm+`*`),
	reflect.TypeFor[tagMap]():             between("Tags", 0, 50),
	reflect.TypeFor[tagKeys]():            between("TagKeyList", 0, 50),
	reflect.TypeFor[country]():            text("PlaybackRestrictionPolicyAllowedCountry", 2, 2, ""),
	reflect.TypeFor[origin]():             text("PlaybackRestrictionPolicyAllowedOrigin", 0, 128, ""),
	reflect.TypeFor[bucketName]():         text("S3DestinationBucketName", 3, 63, `[a-z0-9-.]+`),
	reflect.TypeFor[recordingMode]():      word("RecordingMode", "DISABLED", "INTERVAL"),
	reflect.TypeFor[thumbnailSize]():      word("ThumbnailConfigurationResolution", "SD", "HD", "FULL_HD", "LOWEST_RESOLUTION"),
	reflect.TypeFor[thumbnailStorage]():   word("ThumbnailConfigurationStorage", "SEQUENTIAL", "LATEST"),
	reflect.TypeFor[thumbnailInterval]():  between("TargetIntervalSeconds", 1, 60),
	reflect.TypeFor[reconnectWindow]():    between("RecordingReconnectWindowSeconds", 0, 300),
	reflect.TypeFor[renditionSelection](): word("RenditionConfigurationRenditionSelection", "ALL", "NONE", "CUSTOM"),
	reflect.TypeFor[renditionSize]():      word("RenditionConfigurationRendition", "SD", "HD", "FULL_HD", "LOWEST_RESOLUTION"),
	reflect.TypeFor[streamHealth]():       word("StreamHealth", "HEALTHY", "STARVING", "UNKNOWN"),
	reflect.TypeFor[streamID]():           text("StreamId", 26, 26, `st-[a-zA-Z0-9]+`),
	reflect.TypeFor[secretText]():         text("StreamMetadata", 1, 0, ""),
	reflect.TypeFor[viewerID]():           text("ViewerId", 1, 40, ""),
	reflect.TypeFor[viewerVersion]():      between("ViewerSessionVersion", 0, 0),
	reflect.TypeFor[viewerSessions]():     between("BatchStartViewerSessionRevocationViewerSessionList", 1, 20),
	reflect.TypeFor[channelARNs]():        between("ChannelArnList", 1, 50),
	reflect.TypeFor[streamKeyARNs]():      between("StreamKeyArnList", 1, 50),
	reflect.TypeFor[pageToken]():          text("PaginationToken", 0, 1024, `[a-zA-Z0-9+/=_-]*`),
	reflect.TypeFor[pageOf100]():          between("MaxChannelResults", 1, 100),
	reflect.TypeFor[pageOf50]():           between("MaxStreamKeyResults", 1, 50),
}

// check says what is wrong with a request: a pointer to a struct of shapes. The error names
// the first field that is, by its path.
func check(request any) error { return checkValue("", reflect.ValueOf(request)) }

func checkValue(path string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return checkValue(path, v.Elem())
	case reflect.Struct:
		return checkFields(path, v)
	}
	if r, ruled := rules[v.Type()]; ruled {
		if err := r.check(v); err != nil {
			return fmt.Errorf("%s %w", path, err)
		}
	}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkValue(fmt.Sprintf("%s[%d]", path, i), v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		return checkEntries(path, v)
	}
	return nil
}

// checkFields leaves out what the request did not say, where it need not.
func checkFields(path string, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			if err := checkFields(path, v.Field(i)); err != nil {
				return err
			}
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if path != "" {
			name = path + "." + name
		}
		switch required := field.Tag.Get("required") == "true"; {
		case required && v.Field(i).IsZero():
			return fmt.Errorf("%s is missing", name)
		case !required && v.Field(i).IsZero():
			continue
		}
		if err := checkValue(name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func checkEntries(path string, v reflect.Value) error {
	for entries := v.MapRange(); entries.Next(); {
		if err := checkValue(path+": the key", entries.Key()); err != nil {
			return err
		}
		if err := checkValue(fmt.Sprintf("%s: the value of %q", path, entries.Key()), entries.Value()); err != nil {
			return err
		}
	}
	return nil
}

func (r rule) check(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		return r.checkText(v.String())
	case reflect.Slice, reflect.Map:
		return r.bound(v.Len(), "has %d elements, which is not %s")
	default:
		return r.bound(int(v.Int()), "is %d, which is not %s")
	}
}

func (r rule) checkText(s string) error {
	if r.words != nil {
		if !slices.Contains(r.words, s) {
			return fmt.Errorf("is not one of %s", strings.Join(r.words, ", "))
		}
		return nil
	}
	if err := r.bound(utf8.RuneCountInString(s), "has %d characters, which is not %s"); err != nil {
		return err
	}
	if r.form != nil && !r.form.MatchString(s) {
		form, none := strings.CutPrefix(strings.TrimSuffix(strings.TrimPrefix(r.form.String(), `^(?:`), `)$`), `|`)
		if none {
			form += ", and is not empty"
		}
		return fmt.Errorf("does not match %s", form)
	}
	if n := len(r.never); n > 0 && len(s) >= n && strings.EqualFold(s[:n], r.never) {
		return fmt.Errorf("begins with %s, which is reserved", r.never)
	}
	return nil
}

func (r rule) bound(n int, wrong string) error {
	switch {
	case n >= r.least && (r.most == 0 || n <= r.most):
		return nil
	case r.most == 0:
		return fmt.Errorf(wrong, n, fmt.Sprintf("%d or more", r.least))
	case r.least == r.most:
		return fmt.Errorf(wrong, n, strconv.Itoa(r.most))
	}
	return fmt.Errorf(wrong, n, fmt.Sprintf("%d to %d", r.least, r.most))
}
