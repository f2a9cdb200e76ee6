package verify

import "ladderd/m3u8"

// multivariantRules are about what the multivariant playlist says, as far as the
// media are not needed to know better.
var multivariantRules = []Rule{
	{
		ID: "variants", Section: "notes", Severity: Must, multivariant: variants,
		Text: "A multivariant playlist lists variants, each once.",
	},
	{
		ID: "average-declared", Section: "4.4.6.2", Severity: Must, multivariant: averageDeclared,
		Text: "AVERAGE-BANDWIDTH is no more than BANDWIDTH, which is above 0.",
	},
	{
		ID: "codecs-declared", Section: "4.4.6.2", Severity: Should, multivariant: codecsDeclared,
		Text: "Each variant tells its CODECS.",
	},
	{
		ID: "resolution-declared", Section: "4.4.6.2", Severity: Should, multivariant: resolutionDeclared,
		Text: "Variants with video tell RESOLUTION and FRAME-RATE.",
	},
	{
		ID: "groups", Section: "4.4.6.2", Severity: Must, multivariant: groups,
		Text: "Each group that a variant names is an EXT-X-MEDIA's, of that type.",
	},
	{
		ID: "renditions", Section: "4.4.6.1.1", Severity: Must, multivariant: renditions,
		Text: "The renditions of a group have names of their own, no more than one of them is the default, and that one has no AUTOSELECT=NO.",
	},
	{
		ID: "rendition-uri", Section: "4.4.6.1", Severity: Must, multivariant: renditionURI,
		Text: "Subtitles have a URI; closed captions have none, but an INSTREAM-ID.",
	},
}

func variants(f *finder, m *multivariant) {
	if len(m.list.Variants) == 0 {
		f.found(1, "there is no EXT-X-STREAM-INF")
	}
	type listed struct{ uri, audio, video, subtitles string }
	seen := map[listed]int{}
	for _, v := range m.list.Variants {
		key := listed{v.URI, v.Audio, v.Video, v.Subtitles}
		if line := seen[key]; line > 0 {
			f.found(v.URILine, "%s is listed in line %d already, with the same groups", v.URI, line)
		}
		seen[key] = v.URILine
	}
}

func averageDeclared(f *finder, m *multivariant) {
	for _, v := range m.list.Variants {
		if v.Bandwidth <= 0 || v.AverageBandwidth > v.Bandwidth {
			f.found(v.Line, "BANDWIDTH is %d, AVERAGE-BANDWIDTH %d", v.Bandwidth, v.AverageBandwidth)
		}
	}
}

func codecsDeclared(f *finder, m *multivariant) {
	for _, v := range m.list.Variants {
		if len(v.Codecs) == 0 {
			f.found(v.Line, "the variant has no CODECS")
		}
	}
}

func resolutionDeclared(f *finder, m *multivariant) {
	for _, v := range m.list.Variants {
		if hasVideo(v) && !(v.Told["RESOLUTION"] && v.Told["FRAME-RATE"]) {
			f.found(v.Line, "the variant lacks RESOLUTION or FRAME-RATE")
		}
	}
}

// hasVideo judges by CODECS, and by RESOLUTION where these are not told.
func hasVideo(v m3u8.Variant) bool {
	for _, codec := range v.Codecs {
		for _, video := range []string{"avc", "hvc", "hev", "av01", "vp0", "dvh", "mp4v"} {
			if len(codec) >= len(video) && codec[:len(video)] == video {
				return true
			}
		}
	}
	return len(v.Codecs) == 0 && v.Width > 0
}

func groups(f *finder, m *multivariant) {
	have := map[[2]string]bool{}
	for _, r := range m.list.Renditions {
		have[[2]string{r.Type, r.GroupID}] = true
	}
	for _, v := range m.list.Variants {
		for _, g := range [][2]string{
			{"VIDEO", v.Video}, {"AUDIO", v.Audio}, {"SUBTITLES", v.Subtitles}, {"CLOSED-CAPTIONS", v.ClosedCaptions},
		} {
			if g[1] != "" && !have[g] {
				f.found(v.Line, "no EXT-X-MEDIA of type %s has the GROUP-ID %q", g[0], g[1])
			}
		}
	}
}

func renditions(f *finder, m *multivariant) {
	named, defaults := map[[3]string]int{}, map[[2]string]int{}
	for _, r := range m.list.Renditions {
		group := [2]string{r.Type, r.GroupID}
		name := [3]string{r.Type, r.GroupID, r.Name}
		if line := named[name]; line > 0 {
			f.found(r.Line, "NAME %q is that of line %d in the same group", r.Name, line)
		}
		named[name] = r.Line
		if !r.Default {
			continue
		}
		if line := defaults[group]; line > 0 {
			f.found(r.Line, "DEFAULT=YES, as has line %d in the same group", line)
		}
		defaults[group] = r.Line
		if _, told := r.Attributes["AUTOSELECT"]; told && !r.Autoselect {
			f.found(r.Line, "DEFAULT=YES with AUTOSELECT=NO")
		}
	}
}

func renditionURI(f *finder, m *multivariant) {
	for _, r := range m.list.Renditions {
		switch {
		case r.Type == "SUBTITLES" && r.URI == "":
			f.found(r.Line, "subtitles without a URI")
		case r.Type == "CLOSED-CAPTIONS" && (r.URI != "" || r.InstreamID == ""):
			f.found(r.Line, "closed captions with the URI %q and the INSTREAM-ID %q", r.URI, r.InstreamID)
		}
	}
}
