package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ladderd/m3u8"
)

// attributeRules are about the attributes of tags in the multivariant playlist.
var attributeRules = []Rule{
	{
		ID: "media-attributes", Section: "4.4.6.1", Severity: Must, multivariant: mediaAttributes,
		Text: "EXT-X-MEDIA has only attributes that its TYPE may have, and closed captions an INSTREAM-ID of a known form.",
	},
	{
		ID: "group-members", Section: "4.4.6.1.1", Severity: Must, multivariant: groupMembers,
		Text: "Groups of the same TYPE have the same members, with the same attributes.",
	},
	{
		ID: "variant-attributes", Section: "4.4.6.2", Severity: Must, multivariant: variantAttributes,
		Text: "HDCP-LEVEL, VIDEO-RANGE, SCORE, STABLE-VARIANT-ID and REQ-VIDEO-LAYOUT have values that are defined.",
	},
	{
		ID: "captions-none", Section: "4.4.6.2", Severity: Must, multivariant: captionsNone,
		Text: "Where one variant has CLOSED-CAPTIONS=NONE, all have.",
	},
	{
		ID: "iframe-attributes", Section: "4.4.6.3", Severity: Should, multivariant: iframeAttributes,
		Text: "EXT-X-I-FRAME-STREAM-INF has none of FRAME-RATE, AUDIO, SUBTITLES and CLOSED-CAPTIONS.",
	},
	{
		ID: "session-data", Section: "4.4.6.4", Severity: Must, multivariant: sessionData,
		Text: "EXT-X-SESSION-DATA has either a VALUE or a URI, and each DATA-ID comes once in a language.",
	},
	{
		ID: "session-key", Section: "4.4.6.5", Severity: Must, multivariant: sessionKeys,
		Text: "EXT-X-SESSION-KEY has what EXT-X-KEY has, a METHOD other than NONE, and comes once for each key.",
	},
	{
		ID: "steering", Section: "4.4.6.6", Severity: Must, multivariant: steering,
		Text: "PATHWAY-ID of EXT-X-CONTENT-STEERING is that of a variant.",
	},
}

// typesOnly are attributes of EXT-X-MEDIA for one TYPE alone.
var typesOnly = [][2]string{{"FORCED", "SUBTITLES"}, {"BIT-DEPTH", "AUDIO"}, {"SAMPLE-RATE", "AUDIO"}, {"CHANNELS", "AUDIO"}}

var (
	captionChannel = regexp.MustCompile(`^(CC[1-4]|SERVICE([1-9]|[1-5][0-9]|6[0-3]))$`)
	stableID       = regexp.MustCompile(`^[a-zA-Z0-9+/=._-]+$`)
)

func mediaAttributes(f *finder, m *multivariant) {
	for _, r := range m.list.Renditions {
		for _, only := range typesOnly {
			if _, told := r.Attributes[only[0]]; told && r.Type != only[1] {
				f.found(r.Line, "%s stands in a rendition of TYPE=%s", only[0], r.Type)
			}
		}
		if r.Type == "CLOSED-CAPTIONS" && r.InstreamID != "" && !captionChannel.MatchString(r.InstreamID) {
			f.found(r.Line, "INSTREAM-ID is %q", r.InstreamID)
		}
		if id, told := r.Attributes["STABLE-RENDITION-ID"]; told && !stableID.MatchString(id.Text) {
			f.found(r.Line, "STABLE-RENDITION-ID is %q", id.Text)
		}
	}
}

// mayDiffer are the attributes that members of two groups may have of their own.
var mayDiffer = []string{"GROUP-ID", "URI", "CHANNELS", "BIT-DEPTH", "STABLE-RENDITION-ID", "INSTREAM-ID", "SAMPLE-RATE"}

// groupMembers leaves out renditions that lie within the variants: Amazon IVS and
// those who follow it name each variant by a group of video with one such member.
func groupMembers(f *finder, m *multivariant) {
	type group struct {
		id      string
		members map[string]m3u8.Rendition
	}
	byType := map[string][]group{}
	for _, r := range m.list.Renditions {
		if r.Type == "VIDEO" && r.URI == "" {
			continue
		}
		groups := byType[r.Type]
		i := slices.IndexFunc(groups, func(g group) bool { return g.id == r.GroupID })
		if i < 0 {
			i, groups = len(groups), append(groups, group{r.GroupID, map[string]m3u8.Rendition{}})
		}
		groups[i].members[r.Name] = r
		byType[r.Type] = groups
	}
	for _, groups := range byType {
		for _, g := range groups[1:] {
			compareGroups(f, groups[0].id, groups[0].members, g.members)
			compareGroups(f, g.id, g.members, groups[0].members)
		}
	}
}

// compareGroups wants each member of the second group in the first one.
func compareGroups(f *finder, id string, in, members map[string]m3u8.Rendition) {
	for name, r := range members {
		same, ok := in[name]
		if !ok {
			f.found(r.Line, "the group %q of the same TYPE has no rendition %q", id, name)
			continue
		}
		for attribute, value := range r.Attributes {
			if other := same.Attributes[attribute]; other != value && !slices.Contains(mayDiffer, attribute) {
				f.found(r.Line, "%s of %q is %q; it is %q in line %d, in the group %q", attribute, name, value.Text, other.Text, same.Line, id)
			}
		}
	}
}

// variantValues are enumerations that the grammar leaves to a rule.
var variantValues = map[string][]string{
	"HDCP-LEVEL":  {"TYPE-0", "TYPE-1", "NONE"},
	"VIDEO-RANGE": {"SDR", "HLG", "PQ"},
}

func variantAttributes(f *finder, m *multivariant) {
	for _, v := range slices.Concat(m.list.Variants, m.list.IFrames) {
		for name, allowed := range variantValues {
			if value, told := v.Attributes[name]; told && (value.Quoted || !slices.Contains(allowed, value.Text)) {
				f.found(v.Line, "%s is %q", name, value.Text)
			}
		}
		if score, told := v.Attributes["SCORE"]; told {
			if n, err := strconv.ParseFloat(score.Text, 64); err != nil || n <= 0 {
				f.found(v.Line, "SCORE is %q", score.Text)
			}
		}
		if id, told := v.Attributes["STABLE-VARIANT-ID"]; told && !stableID.MatchString(id.Text) {
			f.found(v.Line, "STABLE-VARIANT-ID is %q", id.Text)
		}
		if layout, told := v.Attributes["REQ-VIDEO-LAYOUT"]; told && slices.Contains(strings.FieldsFunc(","+layout.Text+",", func(c rune) bool { return c == '/' }), ",,") {
			f.found(v.Line, "REQ-VIDEO-LAYOUT is %q", layout.Text)
		}
	}
}

func captionsNone(f *finder, m *multivariant) {
	none := func(v m3u8.Variant) bool { return v.Attributes["CLOSED-CAPTIONS"] == m3u8.Attribute{Text: "NONE"} }
	i := slices.IndexFunc(m.list.Variants, none)
	if i < 0 {
		return
	}
	for _, v := range m.list.Variants {
		if !none(v) {
			f.found(v.Line, "line %d has CLOSED-CAPTIONS=NONE, this one has not", m.list.Variants[i].Line)
		}
	}
}

func iframeAttributes(f *finder, m *multivariant) {
	for _, v := range m.list.IFrames {
		for _, name := range []string{"FRAME-RATE", "AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"} {
			if v.Told[name] {
				f.found(v.Line, "there is %s", name)
			}
		}
	}
}

func sessionData(f *finder, m *multivariant) {
	seen := map[[2]string]int{}
	for _, d := range m.list.SessionData {
		_, value := d.Attributes["VALUE"]
		_, uri := d.Attributes["URI"]
		if value == uri {
			f.found(d.Line, "it has VALUE: %v, URI: %v", value, uri)
		}
		if format, told := d.Attributes["FORMAT"]; told && format.Text != "JSON" && format.Text != "RAW" {
			f.found(d.Line, "FORMAT is %q", format.Text)
		}
		key := [2]string{d.Attributes["DATA-ID"].Text, d.Attributes["LANGUAGE"].Text}
		if line := seen[key]; line > 0 {
			f.found(d.Line, "DATA-ID %q in the language %q is in line %d already", key[0], key[1], line)
		}
		seen[key] = d.Line
	}
}

func sessionKeys(f *finder, m *multivariant) {
	seen := map[[5]string]int{}
	for _, k := range m.list.SessionKeys {
		for _, wrong := range wrongWithKey(k.Attributes) {
			f.found(k.Line, "%s", wrong)
		}
		if k.Attributes["METHOD"].Text == "NONE" {
			f.found(k.Line, "METHOD is NONE")
		}
		var key [5]string
		for i, name := range []string{"METHOD", "URI", "IV", "KEYFORMAT", "KEYFORMATVERSIONS"} {
			key[i] = k.Attributes[name].Text
		}
		if line := seen[key]; line > 0 {
			f.found(k.Line, "it is in line %d already", line)
		}
		seen[key] = k.Line
	}
}

var (
	vector   = regexp.MustCompile(`^0[xX][0-9a-fA-F]{1,32}$`) // most servers write small letters
	versions = regexp.MustCompile(`^[1-9][0-9]*(/[1-9][0-9]*)*$`)
)

// keyMethods are those that are defined, and whether they may have an IV (4.4.4.4).
var keyMethods = map[string]bool{"NONE": false, "AES-128": true, "SAMPLE-AES": true, "SAMPLE-AES-CTR": false, "AES-256-GCM": false}

// wrongWithKey is what 4.4.4.4 does not allow in the attributes of a key.
func wrongWithKey(a m3u8.Attributes) (wrong []string) {
	method := a["METHOD"].Text
	mayHaveIV, known := keyMethods[method]
	_, uri := a["URI"]
	iv, hasIV := a["IV"]
	switch {
	case !known:
		wrong = append(wrong, fmt.Sprintf("METHOD is %q", method))
	case method == "NONE" && len(a) > 1:
		wrong = append(wrong, "METHOD is NONE, and there are other attributes")
	case method != "NONE" && !uri:
		wrong = append(wrong, "there is no URI")
	case hasIV && !mayHaveIV:
		wrong = append(wrong, fmt.Sprintf("METHOD is %s, and there is an IV", method))
	}
	if hasIV && (iv.Quoted || !vector.MatchString(iv.Text)) {
		wrong = append(wrong, fmt.Sprintf("IV is %q, not a hexadecimal number of up to 128 bits", iv.Text))
	}
	if v, told := a["KEYFORMATVERSIONS"]; told && !versions.MatchString(v.Text) {
		wrong = append(wrong, fmt.Sprintf("KEYFORMATVERSIONS is %q", v.Text))
	}
	return wrong
}

// defaultPathway is what variants without PATHWAY-ID belong to.
const defaultPathway = "."

func steering(f *finder, m *multivariant) {
	if m.list.Steering == nil {
		return
	}
	wanted, told := m.list.Steering.Attributes["PATHWAY-ID"]
	if told && !slices.ContainsFunc(m.list.Variants, func(v m3u8.Variant) bool {
		id, named := v.Attributes["PATHWAY-ID"]
		return named && id == wanted || !named && wanted.Text == defaultPathway
	}) {
		f.found(m.list.Steering.Line, "no variant has the PATHWAY-ID %q", wanted.Text)
	}
}
