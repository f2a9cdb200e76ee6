package verify

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"ladderd/m3u8"
	"ladderd/media"
	"ladderd/packager"
)

// TestEachRuleFindsItsFault plants one fault for each rule. A rule without a fault
// fails, and so does a fault that its rule does not find.
func TestEachRuleFindsItsFault(t *testing.T) {
	for _, rule := range Rules {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			f, ok := faults[rule.ID]
			if !ok {
				t.Fatal("nothing shows that this rule can fail")
			}
			r := check(t, f)
			i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Rule == rule.ID })
			if i < 0 {
				t.Fatalf("not found; what was found: %+v", r.Findings)
			}
			if got := r.Findings[i]; got.Section != rule.Section || got.Severity != rule.Severity || got.URL == "" || got.Text == "" {
				t.Errorf("%+v", got)
			}
		})
	}
	for id := range faults {
		if !slices.ContainsFunc(Rules, func(r Rule) bool { return r.ID == id }) {
			t.Errorf("a fault for %s, which is no rule", id)
		}
	}
}

// TestMediaRulesReadTransportStreams plants what is wrong with the media themselves
// in the other container.
func TestMediaRulesReadTransportStreams(t *testing.T) {
	for _, id := range []string{"begins-with-idr", "aligned-idrs", "audio-gapless", "codecs-true", "resolution-true", "frame-rate-true", "readable"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			f := faults[id]
			f.options = func(o *packager.Options) { o.Container = packager.TS }
			r := check(t, f)
			if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Rule == id }) {
				t.Errorf("not found; what was found: %+v", r.Findings)
			}
		})
	}
}

// faults are by the rule that has to find them.
var faults = map[string]fault{
	"grammar":       inPlaylists("#EXT-X-MEDIA-SEQUENCE", "#EXT-X-BITRATE:x\n#EXT-X-MEDIA-SEQUENCE"),
	"version":       inPlaylists("VERSION:9", "VERSION:3"),
	"playlist-type": inAnswers("playlist", func(a *answer) { a.header.Set("Content-Type", "text/plain") }),
	"playlist-cors": inAnswers("playlist", func(a *answer) { a.header.Del("Access-Control-Allow-Origin") }),
	"playlist-cors-vary": inAnswers("playlist", func(a *answer) {
		a.header.Set("Access-Control-Allow-Origin", a.request.Header.Get("Origin"))
		a.header.Set("Vary", "Accept-Encoding")
	}),
	"playlist-gzip":  inAnswers("playlist", func(a *answer) { a.plain = true }),
	"playlist-vary":  inAnswers("playlist", func(a *answer) { a.header.Del("Vary") }),
	"playlist-cache": inAnswers("playlist", func(a *answer) { a.header.Set("Cache-Control", "max-age=60") }),

	"variants":            inMultivariant(`(#EXT-X-STREAM-INF.*\n.*\n)`, "$1$1"),
	"average-declared":    inMultivariant(`AVERAGE-BANDWIDTH=\d+`, "AVERAGE-BANDWIDTH=999999999"),
	"codecs-declared":     inMultivariant(`,CODECS="[^"]*"`, ""),
	"resolution-declared": inMultivariant(`,FRAME-RATE=[0-9.]*`, ""),
	"groups":              inMultivariant(`,VIDEO="[^"]*"`, `,VIDEO="none"`),
	"renditions":          inMultivariant(`(#EXT-X-MEDIA.*\n)`, "$1$1"),
	"rendition-uri":       inMultivariant(`(#EXT-X-VERSION.*\n)`, "$1#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"s\"\n"),

	"target-duration":   inPlaylists("TARGETDURATION:2", "TARGETDURATION:1"),
	"map":               inPlaylists("#EXT-X-MAP:URI=\"init0.mp4\"\n", ""),
	"date-time":         inPlaylists(`#EXT-X-PROGRAM-DATE-TIME.*\n`, ""),
	"date-time-goes-on": inPlaylists(`(#EXT-X-PROGRAM-DATE-TIME:.*)Z\n(#EXTINF)`, "$1+00:01\n$2"),
	"listed-once":       inPlaylists(`\n\d+\.m4s`, "\n1.m4s"),
	"hold-back":         inPlaylists(",HOLD-BACK=6", ",HOLD-BACK=5"),
	"skip-until":        inPlaylists("CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=11"),
	"segments":          inPlaylists(`(?s)#EXT-X-MAP.*`, ""),

	"skip-asked": {answer: func(o *origin, a *answer) {
		if a.kind == "playlist" && a.blocking {
			rendition, _ := o.stream.Rendition(a.rendition)
			doc, err := rendition.Playlist(context.Background(), packager.Query{MSN: -1, Part: -1, Skip: true})
			if err == nil {
				a.text = string(doc.Body)
			}
		}
	}},
	"map-discontinuity": {answer: func(o *origin, a *answer) {
		switch {
		case a.kind == "playlist":
			a.text = dated.ReplaceAllString(a.text, "#EXT-X-MAP:URI=\"init0.mp4?$2\"\n$1")
		case a.name == "init0.mp4" && strings.HasSuffix(a.request.URL.RawQuery, "7"):
			a.body = o.media(names[1], a.name) // of another size
		}
	}},

	"part-inf":            inPlaylists(`#EXT-X-PART-INF.*\n`, ""),
	"part-target":         inPlaylists("PART-TARGET=0.334", "PART-TARGET=0.330"),
	"part-floor":          inPlaylists("PART-TARGET=0.334", "PART-TARGET=0.400"),
	"part-sum":            inPlaylists("DURATION=0.33333", "DURATION=0.32000"),
	"part-independent":    inPlaylists(",INDEPENDENT=YES", ""),
	"part-age":            inPlaylists(`(#EXT-X-MAP.*\n)`, "$1#EXT-X-PART:DURATION=0.33333,URI=\"old\",INDEPENDENT=YES\n"),
	"block-reload":        inPlaylists("CAN-BLOCK-RELOAD=YES,", ""),
	"http2":               {tls: true},
	"part-hold-back":      inPlaylists("PART-HOLD-BACK=1.002", "PART-HOLD-BACK=0.660"),
	"part-hold-back-safe": inPlaylists("PART-HOLD-BACK=1.002", "PART-HOLD-BACK=0.990"),
	"preload-hint":        inPlaylists(`#EXT-X-PRELOAD-HINT.*\n`, ""),
	"hint-new":            inPlaylists(`(?s)(URI="(\d+\.\d+\.m4s)".*?PRELOAD-HINT:TYPE=PART,URI=")[^"]*"`, `$1$2"`),
	"reports":             inPlaylists(`#EXT-X-RENDITION-REPORT.*\n`, ""),
	"delta-offered":       inPlaylists(",CAN-SKIP-UNTIL=12", ""),

	"target-constant":        inReloads("TARGETDURATION:2", "TARGETDURATION:3"),
	"part-target-constant":   inReloads("PART-TARGET=0.334", "PART-TARGET=0.335"),
	"sequence-rises":         inReloads(`MEDIA-SEQUENCE:\d+`, "MEDIA-SEQUENCE:0"),
	"segments-stay":          inReloads(`EXTINF:2.00000`, "EXTINF:1.99990"),
	"parts-stay":             inReloads(`DURATION=0.33333`, "DURATION=0.33332"),
	"discontinuity-sequence": inReloads(`(#EXT-X-MEDIA-SEQUENCE.*\n)`, "$1#EXT-X-DISCONTINUITY-SEQUENCE:1\n"),
	"window":                 inAnswers("playlist", func(a *answer) { a.text = shortened(a.text) }),
	"kind-constant":          inReloads(`(#EXT-X-MEDIA-SEQUENCE.*\n)`, "$1#EXT-X-PLAYLIST-TYPE:EVENT\n"),
	"held":                   {deaf: true},
	"reload-cache":           inAnswers("playlist", func(a *answer) { a.header.Set("Cache-Control", "no-cache") }),
	"map-changes":            inPlaylists(`(#EXT-X-PROGRAM-DATE-TIME.*:(..)\....Z)`, "#EXT-X-MAP:URI=\"init0.mp4?$2\"\n$1"),

	"reload-answered": inAnswers("playlist", func(a *answer) {
		if a.blocking {
			a.status = http.StatusServiceUnavailable
		}
	}),
	"part-alone": asked("^_HLS_part=", http.StatusOK),
	"too-far": {answer: func(_ *origin, a *answer) {
		if a.status == http.StatusBadRequest && strings.HasPrefix(a.request.URL.RawQuery, "_HLS_msn=") {
			a.status = http.StatusNotFound
		}
	}},
	"part-too-far":  asked(`&_HLS_part=90$`, http.StatusOK),
	"malformed":     asked("_HLS_msn=x", http.StatusOK),
	"past-end":      asked("_HLS_part=6$", http.StatusNotFound),
	"unknown-query": asked("ladderd_verify", http.StatusNotFound),
	"hint-answered": inAnswers("media", func(a *answer) {
		if a.blocking {
			a.status = http.StatusNotFound
		}
	}),
	"hint-true": inPlaylists(`(HINT:TYPE=PART,URI=")`, "${1}other-"),
	"delta-boundary": inAnswers("playlist", func(a *answer) {
		if a.request.URL.Query().Has("_HLS_skip") {
			a.text = strings.Replace(a.text, "CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=20", 1)
		}
	}),
	"delta-equal": inAnswers("playlist", func(a *answer) {
		if a.request.URL.Query().Has("_HLS_skip") {
			a.text = strings.ReplaceAll(a.text, "EXTINF:2.00000", "EXTINF:1.90000")
		}
	}),
	"report-known":   inPlaylists(`REPORT:URI="../`, `REPORT:URI="../../`),
	"report-true":    {answer: lagging},
	"gone-available": {options: shortWindow, answer: forgetful},
	"preflight": {answer: func(_ *origin, a *answer) {
		if a.request.Method == http.MethodOptions {
			a.status = http.StatusMethodNotAllowed
		}
	}},
	"head": {answer: func(_ *origin, a *answer) {
		if a.request.Method == http.MethodHead {
			a.status = http.StatusMethodNotAllowed
		}
	}},
	"range": inAnswers("media", func(a *answer) { a.plain = true }),
	"errors-cors": {answer: func(_ *origin, a *answer) {
		if a.status >= 400 {
			a.header.Del("Access-Control-Allow-Origin")
		}
	}},
	"errors-cache": {answer: func(_ *origin, a *answer) { a.header.Set("X-Error-Cache", "max-age=60") }},
	"end-stays": {ended: true, answer: func(_ *origin, a *answer) {
		if a.kind == "playlist" && a.count > 1 {
			a.text = strings.Replace(a.text, "#EXT-X-ENDLIST\n", "", 1)
		}
	}},

	"available": inAnswers("media", func(a *answer) {
		if strings.HasSuffix(a.name, "2.m4s") {
			a.status = http.StatusNotFound
		}
	}),
	"media-type": inAnswers("media", func(a *answer) { a.header.Set("Content-Type", "application/octet-stream") }),
	"media-cors": inAnswers("media", func(a *answer) { a.header.Del("Access-Control-Allow-Origin") }),
	"media-cors-vary": inAnswers("media", func(a *answer) {
		a.header.Set("Access-Control-Allow-Origin", a.request.Header.Get("Origin"))
	}),
	"media-cache": inAnswers("media", func(a *answer) { a.header.Set("Cache-Control", "max-age=2") }),
	"media-plain": inAnswers("media", func(a *answer) { a.header.Set("Content-Encoding", "br") }),

	"readable": inAnswers("media", func(a *answer) {
		if isSegment(a.name) {
			a.body = []byte("<html>not found, but with status 200</html>")
		}
	}),
	"begins-with-idr": inPackets(func(_ int, n int64, p *media.Packet) {
		if n%gop == 0 && n > 0 {
			p.Data[4] = nalOther
		}
	}),
	"sync-samples": inPackets(func(_ int, n int64, p *media.Packet) {
		if n%gop == gop/2 {
			p.Data[4] = nalIDR
		}
	}),
	"independent-true": inPlaylists(`(\d+\.1\.m4s")`, "$1,INDEPENDENT=YES"),
	"parts-are-segment": {answer: func(o *origin, a *answer) {
		if a.kind == "media" && isSegment(a.name) {
			a.body = o.media(a.rendition, strings.Replace(a.name, ".m4s", ".0.m4s", 1))
		}
	}},
	"duration-true":      inPlaylists("EXTINF:2.00000", "EXTINF:1.90000"),
	"part-duration-true": inPlaylists("DURATION=0.33333", "DURATION=0.29000"),
	"timestamps-rise": remuxed(func(name string, track *fmp4.PartTrack) {
		if strings.HasPrefix(name, "12.") || strings.HasPrefix(name, "11.") {
			track.BaseTime -= 4 * uint64(track.Samples[0].Duration) * uint64(len(track.Samples))
		}
	}),
	"tracks-constant": {answer: func(_ *origin, a *answer) {
		if strings.HasPrefix(a.name, "11.") {
			a.remux(func(_ string, track *fmp4.PartTrack) {
				if track.ID == 2 {
					track.ID = 7
				}
			})
		}
	}},
	"audio-gapless": {silent: func(n int64) bool { return n%200 == 0 }},
	"audio-with-video": remuxed(func(_ string, track *fmp4.PartTrack) {
		if track.ID == 2 {
			track.BaseTime += 24000
		}
	}),

	"updates":         {frozen: true, deaf: true},
	"bandwidth-true":  inMultivariant(`BANDWIDTH=\d+`, "BANDWIDTH=50000"),
	"average-true":    inMultivariant(`AVERAGE-BANDWIDTH=\d+`, "AVERAGE-BANDWIDTH=50000"),
	"codecs-true":     inMultivariant(`avc1\.[0-9a-f]+`, "avc1.640028"),
	"resolution-true": inMultivariant(`RESOLUTION=\d+x\d+`, "RESOLUTION=1280x720"),
	"frame-rate-true": inMultivariant(`FRAME-RATE=30`, "FRAME-RATE=25"),

	"same-target":          inSecond("TARGETDURATION:2", "TARGETDURATION:3"),
	"same-control":         inSecond("CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=24"),
	"same-segments":        inSecond(`(DATE-TIME:.*)Z`, "$1+00:01"),
	"same-discontinuities": inSecond(`(#EXT-X-MEDIA-SEQUENCE.*\n)`, "$1#EXT-X-DISCONTINUITY-SEQUENCE:5\n"),
	"same-timestamps": {answer: func(_ *origin, a *answer) {
		if a.rendition == names[1] {
			a.remux(func(_ string, track *fmp4.PartTrack) { track.BaseTime += 9000 })
		}
	}},
	"aligned-idrs": inPackets(func(rendition int, n int64, p *media.Packet) {
		if rendition == 1 && n%gop == gop/2 {
			p.Data[4] = nalIDR
		}
	}),
}

// inAnswers is a fault in the answers of one kind; "playlist" is both kinds.
func inAnswers(kind string, spoil func(*answer)) fault {
	return fault{answer: func(_ *origin, a *answer) {
		if a.kind == kind || a.kind == "multivariant" && kind == "playlist" {
			spoil(a)
		}
	}}
}

// inText replaces what matches a pattern in the playlists for which where is true.
func inText(pattern, by string, where func(*answer) bool) fault {
	p := regexp.MustCompile(pattern)
	return fault{answer: func(_ *origin, a *answer) {
		if where(a) {
			a.text = p.ReplaceAllString(a.text, by)
		}
	}}
}

func inPlaylists(pattern, by string) fault {
	return inText(pattern, by, func(a *answer) bool { return a.kind == "playlist" })
}

func inMultivariant(pattern, by string) fault {
	return inText(pattern, by, func(a *answer) bool { return a.kind == "multivariant" })
}

func inReloads(pattern, by string) fault {
	return inText(pattern, by, func(a *answer) bool { return a.kind == "playlist" && a.blocking })
}

func inSecond(pattern, by string) fault {
	return inText(pattern, by, func(a *answer) bool { return a.kind == "playlist" && a.rendition == names[1] })
}

func inPackets(spoil func(rendition int, frame int64, p *media.Packet)) fault {
	return fault{packet: spoil}
}

// asked answers queries that match with a status.
func asked(query string, status int) fault {
	p := regexp.MustCompile(query)
	return fault{answer: func(_ *origin, a *answer) {
		if p.MatchString(a.request.URL.RawQuery) {
			a.status = status
		}
	}}
}

// shortened is a playlist without all but its last segment, and what comes after it.
func shortened(text string) string {
	p, err := m3u8.ParseMedia([]byte(text))
	if err != nil || len(p.Segments) < 2 || p.Skip != nil {
		return text
	}
	before := p.Segments[len(p.Segments)-2]
	head, _, _ := strings.Cut(text, "#EXT-X-MEDIA-SEQUENCE")
	_, rest, _ := strings.Cut(text, "\n"+before.URI+"\n")
	return head + fmt.Sprintf("#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"%s\"\n", before.MSN+1, before.Map.URI) + rest
}

// dated finds each date and its seconds.
var dated = regexp.MustCompile(`(#EXT-X-PROGRAM-DATE-TIME.*:(..)\....Z)`)

// lagging has reports tell of what was there more than two segments before: more than
// questions excuse that take their time.
func lagging(_ *origin, a *answer) {
	if a.kind != "playlist" {
		return
	}
	a.text = reported.ReplaceAllStringFunc(a.text, func(report string) string {
		m := reported.FindStringSubmatch(report)
		msn, _ := strconv.Atoi(m[1])
		part, _ := strconv.Atoi(m[2])
		if part -= 4; part < 0 {
			msn, part = msn-1, part+6
		}
		return fmt.Sprintf("LAST-MSN=%d,LAST-PART=%d", msn-2, part)
	})
}

var reported = regexp.MustCompile(`LAST-MSN=(\d+),LAST-PART=(\d+)`)

func shortWindow(o *packager.Options) { o.Window = 8 * media.Clock }

// forgetful drops a segment the moment it is not listed any more.
func forgetful(o *origin, a *answer) {
	if a.kind != "media" || !isSegment(a.name) {
		return
	}
	rendition, _ := o.stream.Rendition(a.rendition)
	doc, err := rendition.Playlist(context.Background(), packager.Plain)
	if err == nil && !strings.Contains(string(doc.Body), "\n"+a.name+"\n") {
		a.status = http.StatusNotFound
	}
}

// TestGoneSegmentsAreAskedForAgain drops segments after the first request that comes
// when they are not listed any more.
func TestGoneSegmentsAreAskedForAgain(t *testing.T) {
	var mutex sync.Mutex
	asked := map[string]bool{}
	r := check(t, fault{options: shortWindow, answer: func(o *origin, a *answer) {
		if forgetful(o, a); a.status != http.StatusNotFound {
			return
		}
		mutex.Lock()
		defer mutex.Unlock()
		if url := a.request.URL.String(); isSegment(a.name) && !asked[url] {
			asked[url], a.status = true, http.StatusOK
		}
	}})
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Rule == "gone-available" && strings.Contains(f.Text, "has to be there for")
	}) {
		t.Errorf("not found; what was found: %+v", r.Findings)
	}
}

var segmentName = regexp.MustCompile(`^\d+\.(m4s|ts)$`)

func isSegment(name string) bool { return segmentName.MatchString(name) }

// media is a resource's bytes.
func (o *origin) media(rendition, name string) []byte {
	r, _ := o.stream.Rendition(rendition)
	res, err := r.Media(context.Background(), name)
	if err != nil {
		return nil
	}
	return slices.Concat(res.Chunks...)
}

// remuxed changes each track of each fragment.
func remuxed(change func(name string, track *fmp4.PartTrack)) fault {
	return inAnswers("media", func(a *answer) { a.remux(change) })
}

func (a *answer) remux(change func(name string, track *fmp4.PartTrack)) {
	if a.kind != "media" || !strings.HasSuffix(a.name, ".m4s") || a.status != http.StatusOK {
		return
	}
	var parts fmp4.Parts
	if err := parts.Unmarshal(a.body); err != nil {
		return
	}
	for _, p := range parts {
		for _, track := range p.Tracks {
			change(a.name, track)
		}
	}
	var b seekablebuffer.Buffer
	if err := parts.Marshal(&b); err == nil {
		a.body = b.Bytes()
	}
}
