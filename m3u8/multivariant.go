package m3u8

import (
	"maps"
	"slices"
	"strings"
)

// Multivariant is a multivariant playlist (rfc8216bis, 4.4.6).
type Multivariant struct {
	Header
	Variants   []Variant
	IFrames    []Variant // EXT-X-I-FRAME-STREAM-INF
	Renditions []Rendition
	// SessionData, SessionKeys and Steering are EXT-X-SESSION-DATA, EXT-X-SESSION-KEY
	// and EXT-X-CONTENT-STEERING.
	SessionData, SessionKeys []Tagged
	Steering                 *Tagged // nil where there is none

	pending *Variant // whose URI comes next
}

// Variant is an EXT-X-STREAM-INF and its URI.
type Variant struct {
	Line             int // of the tag
	URILine          int
	URI              string
	Bandwidth        int64 // bits per second
	AverageBandwidth int64 // bits per second; 0 where it is not told
	Codecs           []string
	Width, Height    int // pixels; 0 where they are not told
	FrameRate        float64
	// Video, Audio, Subtitles and ClosedCaptions are group ids of Renditions.
	Video, Audio, Subtitles, ClosedCaptions string
	// Told are the names of the attributes that are there.
	Told       map[string]bool
	Attributes Attributes
}

// Rendition is an EXT-X-MEDIA.
type Rendition struct {
	Line                int
	Type, GroupID, Name string
	URI                 string // empty where the media are in the variants
	Language, Channels  string
	InstreamID          string
	Default, Autoselect bool
	Forced              bool
	Attributes          Attributes
}

// NameOf is the NAME of a variant's video rendition, as IVS names its variants, or
// else its URI.
func (p *Multivariant) NameOf(v *Variant) string {
	for _, r := range p.Renditions {
		if r.Type == "VIDEO" && r.GroupID == v.Video && v.Video != "" {
			return r.Name
		}
	}
	return v.URI
}

// ParseMultivariant reads a multivariant playlist. Errors: ErrNotPlaylist,
// ErrOtherKind, ErrTooLarge; all else is in its Problems.
func ParseMultivariant(body []byte) (*Multivariant, error) {
	return ParseMultivariantAt(body, "")
}

// ParseMultivariantAt is ParseMultivariant with the playlist's URL, after redirects,
// which its variables may refer to.
func ParseMultivariantAt(body []byte, url string) (*Multivariant, error) {
	p := &Multivariant{}
	p.scope, p.multivariant = Scope{URL: url}, true
	if err := scan(body, &p.Header, p); err != nil {
		return nil, err
	}
	for _, tag := range []string{"EXTINF", "EXT-X-TARGETDURATION"} {
		if line := p.Line(tag); line > 0 {
			if len(p.Variants) == 0 {
				return nil, ErrOtherKind
			}
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(mediaTags)) {
		if line := p.Line(tag); line > 0 && !slices.Contains(multivariantTags, tag) {
			p.problem(line, "%s, a tag of media playlists, stands in a multivariant playlist", tag)
		}
	}
	if p.pending != nil {
		p.problem(p.pending.Line, "no URI follows EXT-X-STREAM-INF")
	}
	return p, nil
}

func (p *Multivariant) tag(line int, name, value string) bool {
	switch name {
	case "EXT-X-STREAM-INF":
		if p.pending != nil {
			p.problem(p.pending.Line, "no URI follows EXT-X-STREAM-INF")
		}
		v := p.variant(line, name, value)
		p.pending = &v
	case "EXT-X-I-FRAME-STREAM-INF":
		v := p.variant(line, name, value)
		a := p.attributes(line, name, value)
		a.required("URI")
		v.URI, v.URILine = a.quoted("URI"), line
		p.IFrames = append(p.IFrames, v)
	case "EXT-X-MEDIA":
		p.Renditions = append(p.Renditions, p.rendition(p.attributes(line, name, value)))
	case "EXT-X-SESSION-DATA":
		a := p.attributes(line, name, value)
		a.required("DATA-ID")
		p.SessionData = append(p.SessionData, Tagged{line, a.all()})
	case "EXT-X-SESSION-KEY":
		a := p.attributes(line, name, value)
		a.required("METHOD")
		p.SessionKeys = append(p.SessionKeys, Tagged{line, a.all()})
	case "EXT-X-CONTENT-STEERING":
		a := p.attributes(line, name, value)
		a.required("SERVER-URI")
		p.Steering = &Tagged{line, a.all()}
	default:
		return mediaTags[name] != nil // ParseMultivariant looks for these
	}
	return true
}

func (p *Multivariant) variant(line int, name, value string) Variant {
	a := p.attributes(line, name, value)
	a.required("BANDWIDTH")
	v := Variant{
		Line: line, Bandwidth: a.integer("BANDWIDTH", 0), AverageBandwidth: a.integer("AVERAGE-BANDWIDTH", 0),
		FrameRate: a.decimal("FRAME-RATE"), Video: a.quoted("VIDEO"), Audio: a.quoted("AUDIO"),
		Subtitles: a.quoted("SUBTITLES"), Told: map[string]bool{},
	}
	if c, ok := a.get("CLOSED-CAPTIONS"); ok && (c.quoted || c.text != "NONE") {
		v.ClosedCaptions = a.quoted("CLOSED-CAPTIONS")
	}
	for _, codec := range strings.Split(a.quoted("CODECS"), ",") {
		if codec = strings.TrimSpace(codec); codec != "" {
			v.Codecs = append(v.Codecs, codec)
		}
	}
	v.Width, v.Height = a.resolution("RESOLUTION")
	v.Attributes = a.all()
	for name := range v.Attributes {
		v.Told[name] = true
	}
	return v
}

func (p *Multivariant) rendition(a attributes) Rendition {
	a.required("TYPE", "GROUP-ID", "NAME")
	return Rendition{
		Line: a.line, Type: a.enumerated("TYPE", "AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"),
		GroupID: a.quoted("GROUP-ID"), Name: a.quoted("NAME"), URI: a.quoted("URI"),
		Language: a.quoted("LANGUAGE"), Channels: a.quoted("CHANNELS"), InstreamID: a.quoted("INSTREAM-ID"),
		Default: a.yes("DEFAULT"), Autoselect: a.yes("AUTOSELECT"), Forced: a.yes("FORCED"),
		Attributes: a.all(),
	}
}

func (p *Multivariant) uri(line int, text string) {
	if p.pending == nil {
		p.problem(line, "a URI without an EXT-X-STREAM-INF before it")
		return
	}
	p.pending.URI, p.pending.URILine = text, line
	p.Variants = append(p.Variants, *p.pending)
	p.pending = nil
}
