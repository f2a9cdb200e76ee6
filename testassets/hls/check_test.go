package hls

import (
	"strings"
	"testing"
)

const live = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002,HOLD-BACK=6
#EXT-X-PART-INF:PART-TARGET=0.33400
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXT-X-PART:DURATION=0.33333,URI="7.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI="7.1.m4s"
#EXT-X-PART:DURATION=0.10000,URI="7.2.m4s"
#EXTINF:0.76667,
7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.767Z
#EXT-X-PART:DURATION=0.33333,URI="8.0.m4s",INDEPENDENT=YES
#EXTINF:0.33333,
8.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:06.100Z
#EXT-X-PART:DURATION=0.33333,URI="9.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="9.1.m4s"
`

func parse(t *testing.T, text string) *Playlist {
	t.Helper()
	p, err := ParseMedia([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           string // in the error; empty where there must be none
	}{
		{"as it should be", "", "", ""},
		{"part too long", `DURATION=0.33333,URI="9.0`, `DURATION=0.33500,URI="9.0`, "more than PART-TARGET"},
		{"part too short", `DURATION=0.33333,URI="7.1`, `DURATION=0.28000,URI="7.1`, "less than 85 %"},
		{"sum", "#EXTINF:0.76667", "#EXTINF:0.80000", "add up to"},
		{"no independent part", `URI="8.0.m4s",INDEPENDENT=YES`, `URI="8.0.m4s"`, "8.0 is not INDEPENDENT"},
		{"time does not go on", "05.767Z", "05.790Z", "the one before ends at"},
		{"ended with a hint", "#EXT-X-PRELOAD-HINT", "#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT", "preload hint"},
		{"hold back", "PART-HOLD-BACK=1.002", "PART-HOLD-BACK=0.9", "PART-HOLD-BACK"},
		{"segment too long", "#EXTINF:0.76667", "#EXTINF:2.50000", "more than the target duration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := ParseMedia([]byte(strings.Replace(live, test.old, test.new, 1)))
			if err == nil {
				err = p.Check()
			}
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, where %q was expected", err, test.want)
			}
		})
	}
}

func TestCheckAfter(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           string
	}{
		{"nothing new", "", "", ""},
		{"a part more", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"", "#EXT-X-PART:DURATION=0.33333,URI=\"9.1.m4s\"", ""},
		{"a segment changes", "#EXTINF:0.76667", "#EXTINF:0.76666", "segment 7 was"},
		{"a part changes", `DURATION=0.33333,URI="9.0`, `DURATION=0.33300,URI="9.0`, "part 9.0 was"},
		{"sequence goes back", "SEQUENCE:7", "SEQUENCE:6", "EXT-X-MEDIA-SEQUENCE was 7"},
		{"sequence jumps", "SEQUENCE:7", "SEQUENCE:10", "never listed"},
	}
	const hint = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.m4s\"\n"
	whole := strings.Replace(live, hint, "#EXTINF:0.33333,\n9.m4s\n", 1)
	for name, c := range map[string]struct{ before, after, want string }{
		"ends without a hint before": {whole, whole + "#EXT-X-ENDLIST\n", ""},
		"goes on without one":        {whole, whole, "no preload hint"},
		"begins anew without one": {
			strings.Replace(live, `#EXT-X-PART:DURATION=0.33333,URI="9.0.m4s",INDEPENDENT=YES`+"\n"+hint, "", 1),
			strings.Replace(live, `#EXT-X-PART:DURATION=0.33333,URI="9.0`, `#EXT-X-MAP:URI="init.1.mp4"`+"\n"+`#EXT-X-PART:DURATION=0.33333,URI="9.0`, 1), "",
		},
		"goes on behind a discontinuity without one": {
			strings.Replace(live, `#EXT-X-PART:DURATION=0.33333,URI="9.0.m4s",INDEPENDENT=YES`+"\n"+hint, "", 1),
			strings.Replace(live, `#EXT-X-PART:DURATION=0.33333,URI="9.0`, "#EXT-X-DISCONTINUITY\n"+`#EXT-X-PART:DURATION=0.33333,URI="9.0`, 1), "",
		},
		"parts follow without one": {strings.Replace(live, hint, "", 1), whole + "#EXT-X-ENDLIST\n", "no preload hint"},
	} {
		t.Run(name, func(t *testing.T) {
			err := parse(t, c.after).CheckAfter(parse(t, c.before))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, where %q was expected", err, c.want)
			}
		})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := parse(t, strings.Replace(live, test.old, test.new, 1)).CheckAfter(parse(t, live))
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, where %q was expected", err, test.want)
			}
		})
	}
}
