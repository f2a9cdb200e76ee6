package m3u8

import (
	"strings"
	"testing"
)

func TestVariablesAreReplaced(t *testing.T) {
	p, err := ParseMultivariantAt([]byte(`#EXTM3U
#EXT-X-DEFINE:NAME="host",VALUE="media.example"
#EXT-X-DEFINE:NAME="path",VALUE="{$host}/live"
#EXT-X-DEFINE:QUERYPARAM="token"
#EXT-X-STREAM-INF:BANDWIDTH=1,VIDEO="{$token}"
https://{$path}/a.m3u8?{$}{$b
`), "https://example/top.m3u8?token=a%20b&token=c")
	if err != nil || len(p.Problems) > 0 {
		t.Fatal(err, p.Problems)
	}
	if v := p.Variants[0]; v.URI != "https://media.example/live/a.m3u8?{$}{$b" || v.Video != "a b" || p.Substituted != 3 {
		t.Errorf("%+v, first in line %d", v, p.Substituted)
	}
	media, err := ParseMediaIn([]byte(`#EXTM3U
#EXT-X-DEFINE:IMPORT="path"
#EXT-X-TARGETDURATION:1
#EXT-X-KEY:METHOD=AES-128,URI="https://{$path}/key"
#EXTINF:1,{$path}
{$path}.ts
`), Scope{Variables: p.Variables})
	if err != nil || len(media.Problems) > 0 {
		t.Fatal(err, media.Problems)
	}
	if s := media.Segments[0]; s.URI != "media.example/live.ts" || s.Key.URI != "https://media.example/live/key" {
		t.Errorf("%+v, %+v", s, s.Key)
	}
}

func TestVariableProblems(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{`#EXT-X-DEFINE:VALUE="x"`, "no NAME, IMPORT or QUERYPARAM"},
		{`#EXT-X-DEFINE:NAME="a",VALUE="x",IMPORT="a"`, "both NAME and IMPORT"},
		{`#EXT-X-DEFINE:NAME="a"`, "no VALUE"},
		{`#EXT-X-DEFINE:NAME="a b",VALUE="x"`, "no name for a variable"},
		{`#EXT-X-DEFINE:NAME="known",VALUE="x"`, "defined already"},
		{`#EXT-X-DEFINE:IMPORT="a"`, "no multivariant playlist defines a"},
		{`#EXT-X-DEFINE:QUERYPARAM="a"`, "no query parameter a"},
		{`#EXT-X-DEFINE:QUERYPARAM="q"`, "has a quote"},
		{`{$unknown}.ts`, "unknown is not defined"},
	} {
		body := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-DEFINE:NAME=\"known\",VALUE=\"\"\n#EXTINF:1,\n" + test.line + "\na.ts\n"
		p, err := ParseMediaIn([]byte(body), Scope{URL: "http://h/p?q=%22", Variables: map[string]string{}})
		if err != nil || len(p.Problems) == 0 || !strings.Contains(p.Problems[0].Text, test.want) {
			t.Errorf("%s: %v, %v, want %q", test.line, err, p.Problems, test.want)
		}
	}
	p, err := ParseMultivariant([]byte("#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"a\"\n"))
	if err != nil || len(p.Problems) != 1 {
		t.Errorf("IMPORT in a multivariant playlist: %v, %v", err, p.Problems)
	}
}

// TestVariablesDoNotGrowWithoutBound sends a playlist that would be 1,000 times as large.
func TestVariablesDoNotGrowWithoutBound(t *testing.T) {
	body := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + strings.Repeat("x", 1<<20) + "\"\n" +
		strings.Repeat("#EXTINF:1,\n{$a}\n", 1000)
	p := parse(t, body)
	if p.grown > 2000*(1<<20) || len(p.Problems) == 0 || p.Segments[999].URI != "{$a}" {
		t.Errorf("%d bytes were added, %d problems", p.grown, len(p.Problems))
	}
}
