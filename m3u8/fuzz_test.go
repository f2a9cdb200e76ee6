package m3u8

import "testing"

// FuzzParse wants no panic, numbers that follow each other, lines that exist, and
// a delta update that merges with what it came from or says why not.
func FuzzParse(f *testing.F) {
	for _, text := range []string{live, multivariant, "#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:1,\na\n",
		"\ufeff#EXTM3U\r\n#EXT-X-BYTERANGE:1@2\r\n#EXTINF:4.,\r\nx\r\n#EXT-X-ENDLIST"} {
		f.Add([]byte(text), []byte(live))
	}
	f.Fuzz(func(t *testing.T, body, before []byte) {
		IsMultivariant(body)
		if p, err := ParseMultivariant(body); err == nil {
			for _, v := range p.Variants {
				if v.Line < 1 || v.URILine <= v.Line || v.URI == "" {
					t.Errorf("variant %+v", v)
				}
			}
		}
		p, err := ParseMedia(body)
		if err != nil {
			return
		}
		checkNumbers(t, p)
		if previous, err := ParseMedia(before); err == nil {
			if merged, err := p.Merge(previous); err == nil {
				checkNumbers(t, merged)
			}
		}
	})
}

func checkNumbers(t *testing.T, p *Media) {
	msn := p.MediaSequence
	if p.Skip != nil {
		msn += p.Skip.Segments
	}
	for _, s := range p.Segments {
		if s.MSN != msn || s.Line < 1 || s.URILine < s.Line || s.Duration < 0 || p.Segment(msn).URI != s.URI {
			t.Errorf("segment %+v, want number %d", s, msn)
		}
		msn++
	}
	if next, _ := p.Next(); next != msn || p.Duration() < 0 {
		t.Errorf("next is %d, not %d; %v of media", next, msn, p.Duration())
	}
}
