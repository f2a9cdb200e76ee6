package verify

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"ladderd/media"
	"ladderd/packager"
)

func init() {
	for id, f := range draftFaults {
		faults[id] = f
	}
}

// iframes is an I-frame playlist of the first rendition.
const iframes = "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=900000,URI=\"/v/360p30/index.m3u8?i=1\"\n"

// draftFaults are those of rules for single tags, shapes and directives.
var draftFaults = map[string]fault{
	"playlist-known": {url: prefix + names[0] + "/index", answer: func(_ *origin, a *answer) { a.header.Set("Content-Type", "text/plain") }},

	"media-attributes":   inTop(`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",FORCED=YES`),
	"group-members":      inTop(`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a"`, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b",NAME="b"`),
	"variant-attributes": inMultivariant(`#EXT-X-STREAM-INF:`, "#EXT-X-STREAM-INF:VIDEO-RANGE=HDR,"),
	"captions-none":      inMultivariant(`(?s)(.*)#EXT-X-STREAM-INF:`, "$1#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,"),
	"iframe-attributes":  inTop(strings.Replace(iframes, "BAND", "FRAME-RATE=30,BAND", 1)),
	"session-data":       inTop(`#EXT-X-SESSION-DATA:DATA-ID="a",VALUE="b",URI="c"`),
	"session-key":        inTop(`#EXT-X-SESSION-KEY:METHOD=NONE`),
	"steering":           inTop(`#EXT-X-CONTENT-STEERING:SERVER-URI="/s",PATHWAY-ID="far"`),

	"key":               inHead(`#EXT-X-KEY:METHOD=NONE,IV=0x01`),
	"tags-before-parts": inPlaylists(`(#EXT-X-PART:.*\.0\.m4s".*\n)`, "$1#EXT-X-MAP:URI=\"init0.mp4\"\n"),
	"start":             inHead(`#EXT-X-START:TIME-OFFSET=-1`),
	"date-zone":         inPlaylists(`(#EXT-X-PROGRAM-DATE-TIME:.*)Z\n`, "$1\n"),
	"date-time-clear":   inPlaylists(`(#EXT-X-PROGRAM-DATE-TIME:.*)Z\n(#EXTINF)`, "$1-00:01\n$2"),
	"report-relative":   inPlaylists(`REPORT:URI="\.\.`, `REPORT:URI="http://127.0.0.1:1`),
	"hint-once":         inPlaylists(`(#EXT-X-PRELOAD-HINT.*\n)`, "$1$1"),
	"hint-ended":        {ended: true, answer: inPlaylists("#EXT-X-ENDLIST", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x\"\n#EXT-X-ENDLIST").answer},
	"gap-parts":         inPlaylists(`(#EXT-X-PART:.*)\n`, "$1,GAP=YES\n"),
	"iframes-only":      inTop(iframes),
	"iframes-parts": withIFrames(func(text string) string {
		return "#EXTM3U\n#EXT-X-I-FRAMES-ONLY\n" + strings.TrimPrefix(text, "#EXTM3U\n")
	}),
	"date-range": inHead(
		`#EXT-X-DATERANGE:ID="a",START-DATE="2026-01-02T00:00:00Z",END-DATE="2026-01-01T00:00:00Z"`),
	"date-range-stays": {answer: func(_ *origin, a *answer) {
		if last := lastDate.FindStringSubmatch(a.text); a.kind == "playlist" && !a.blocking && last != nil {
			a.text += "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"" + last[1] + "\"\n"
		}
	}},

	"discontinuity-told":   inPlaylists(tenth, "#EXT-X-DISCONTINUITY\n$1"),
	"discontinuity-needed": inPlaylists(tenth, "#EXT-X-DISCONTINUITY\n$1"),

	"unmet": {answer: func(o *origin, a *answer) {
		if a.kind == "playlist" && a.blocking {
			o.clock.pass(7 * time.Second)
			a.status = http.StatusNotFound
		}
	}},
	"past-delivered": asked(`^_HLS_msn=\d$`, http.StatusNotFound),
	"end-directives": {ended: true, answer: asked("_HLS_", http.StatusBadRequest).answer},
	"skip-ignored":   inPlaylists(",CAN-SKIP-UNTIL=12", ""),
	"delta-given": {answer: func(o *origin, a *answer) {
		if a.kind == "playlist" && a.request.URL.Query().Has("_HLS_skip") {
			rendition, _ := o.stream.Rendition(a.rendition)
			if doc, err := rendition.Playlist(context.Background(), packager.Plain); err == nil {
				a.text = string(doc.Body)
			}
		}
	}},
	"delta-date-ranges": inPlaylists("CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES"),
	"missing": {answer: func(_ *origin, a *answer) {
		if strings.Contains(a.name, "no-such-file") {
			a.status = http.StatusInternalServerError
		}
	}},
	"part-available": {answer: func(o *origin, a *answer) {
		if a.kind != "media" || !partName.MatchString(a.name) || a.blocking {
			return
		}
		rendition, _ := o.stream.Rendition(a.rendition)
		doc, err := rendition.Playlist(context.Background(), packager.Plain)
		if err == nil && !strings.Contains(string(doc.Body), `"`+a.name+`"`) {
			a.status = http.StatusNotFound
		}
	}},

	"byte-range": {answer: func(o *origin, a *answer) {
		a.plain = true
		inPlaylists(`\n(10\.m4s)`, "\n#EXT-X-BYTERANGE:100@0\n$1").answer(o, a)
	}},
	"init-shape": inInits(func(body []byte) []byte { return slices.Concat(body, []byte("\x00\x00\x00\x08mdat")) }),
	"init-brand": inInits(func(body []byte) []byte {
		size := int(body[3])
		for i := 8; i < size; i += 4 {
			copy(body[i:size], "isom")
		}
		return body
	}),
	"fragment-shape": inAnswers("media", func(a *answer) {
		if isSegment(a.name) {
			a.body = []byte(strings.ReplaceAll(string(a.body), "tfdt", "free"))
		}
	}),
	"packed-timestamp": inAnswers("media", func(a *answer) {
		if isSegment(a.name) {
			a.body = []byte("\xff\xf1\x50\x80\x00\x1f\xfc")
		}
	}),

	"independent-segments": undecodable(func(n int64) bool { return false }),
	"segment-independent":  undecodable(func(n int64) bool { return false }),
	"independent-first":    undecodable(func(n int64) bool { return n%gop == 1 }),
	"independent-marked": inPackets(func(_ int, n int64, p *media.Packet) {
		if n%gop == gop/2 {
			p.Data[4] = nalIDR
		}
	}),
	"iframes-true": func() fault {
		f := withIFrames(onlyIFrames)
		f.packet = undecodable(func(int64) bool { return false }).packet
		spoil := undecodable(func(int64) bool { return false }).answer
		also := f.answer
		f.answer = func(o *origin, a *answer) { spoil(o, a); also(o, a) }
		return f
	}(),
	"bitrate-true": inHead("#EXT-X-BITRATE:1"),

	"same-part-target": inSecond("PART-TARGET=0.334", "PART-TARGET=0.400"),
	"same-type":        inSecond(`(#EXT-X-MEDIA-SEQUENCE.*\n)`, "$1#EXT-X-PLAYLIST-TYPE:EVENT\n"),
	"same-dates":       inSecond(`(DATE-TIME:.*)Z`, "$1+00:01"),
}

var (
	partName = regexp.MustCompile(`^\d+\.\d+\.m4s$`)
	lastDate = regexp.MustCompile(`(?s).*#EXT-X-PROGRAM-DATE-TIME:([^\n]*)`)
)

// tenth is all that belongs to the segment with that number.
const tenth = `(#EXT-X-PROGRAM-DATE-TIME.*\n(?:#EXT-X-PART:.*\n)*#EXTINF.*\n10\.m4s)`

// inTop adds lines to the multivariant playlist.
func inTop(lines ...string) fault {
	return inMultivariant(`(#EXT-X-VERSION.*\n)`, "$1"+strings.Join(lines, "\n")+"\n")
}

// inHead adds a line to the head of media playlists.
func inHead(line string) fault {
	return inPlaylists(`(#EXT-X-MEDIA-SEQUENCE.*\n)`, "$1"+line+"\n")
}

// inInits changes initialisation sections.
func inInits(change func([]byte) []byte) fault {
	return inAnswers("media", func(a *answer) {
		if strings.HasPrefix(a.name, "init") {
			a.body = change(slices.Clone(a.body))
		}
	})
}

// undecodable leaves no picture that can be decoded by itself, but for those that are
// made IDRs.
func undecodable(idr func(frame int64) bool) fault {
	f := remuxed(func(_ string, track *fmp4.PartTrack) {
		for _, s := range track.Samples {
			s.IsNonSyncSample = true
		}
	})
	f.packet = func(_ int, n int64, p *media.Packet) {
		if p.Data[4] = nalOther; idr(n) {
			p.Data[4] = nalIDR
		}
	}
	return f
}

// withIFrames lists an I-frame playlist that is made of the first rendition's.
func withIFrames(change func(string) string) fault {
	list := inTop(iframes)
	return fault{answer: func(o *origin, a *answer) {
		if list.answer(o, a); a.kind == "playlist" && a.request.URL.Query().Has("i") {
			a.text = change(a.text)
		}
	}}
}

var lowLatencyLine = regexp.MustCompile(`#EXT-X-(PART|PART-INF|PRELOAD-HINT|RENDITION-REPORT):.*\n`)

// onlyIFrames makes an I-frame playlist of whole segments, each of which begins with
// its I-frame: what follows that may be left out and need not.
func onlyIFrames(text string) string {
	return strings.Replace(lowLatencyLine.ReplaceAllString(text, ""), "#EXTM3U\n", "#EXTM3U\n#EXT-X-I-FRAMES-ONLY\n", 1)
}

// rich is a stream without a fault that has what ladderd's have not.
func rich() fault {
	iframe := withIFrames(onlyIFrames)
	return fault{answer: func(o *origin, a *answer) {
		iframe.answer(o, a)
		switch a.kind {
		case "multivariant":
			a.text = strings.ReplaceAll(a.text, prefix, "{$base}")
			a.text = strings.Replace(a.text, "#EXTM3U\n", "#EXTM3U\n"+fmt.Sprintf(`#EXT-X-DEFINE:NAME="base",VALUE="%s"
#EXT-X-SESSION-DATA:DATA-ID="com.example.title",VALUE="a",LANGUAGE="en"
#EXT-X-SESSION-DATA:DATA-ID="com.example.title",VALUE="b",LANGUAGE="de"
#EXT-X-CONTENT-STEERING:SERVER-URI="/steering",PATHWAY-ID="."
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="English",INSTREAM-ID="CC1",DEFAULT=YES
`, prefix), 1)
			a.text = strings.ReplaceAll(a.text, "#EXT-X-STREAM-INF:", `#EXT-X-STREAM-INF:SCORE=1.5,VIDEO-RANGE=SDR,HDCP-LEVEL=NONE,CLOSED-CAPTIONS="cc",`)
		case "playlist":
			a.text = strings.Replace(a.text, "#EXTM3U\n", `#EXTM3U
#EXT-X-DEFINE:IMPORT="base"
#EXT-X-START:TIME-OFFSET=-8.5,PRECISE=NO
#EXT-X-DATERANGE:ID="ad",CLASS="a",START-DATE="2026-01-02T03:04:06.000Z",DURATION=1000.5,END-DATE="2026-01-02T03:20:46.500Z",SCTE35-OUT=0xFC30,X-A="b",X-B=-1.5
#EXT-X-DATERANGE:ID="ad",PLANNED-DURATION=30
`, 1)
			a.text = strings.ReplaceAll(a.text, `URI="../`, `URI="{$base}`)
		}
	}}
}
