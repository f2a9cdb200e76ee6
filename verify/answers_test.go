package verify

import (
	"fmt"
	"testing"
	"time"

	"ladderd/m3u8"
)

// list is a playlist of segments of two parts of a second each, up to next and open
// parts of that.
func list(next int64, open int) *m3u8.Media {
	parts := func(msn int64, n int) (all []m3u8.Part) {
		for i := range n {
			all = append(all, m3u8.Part{URI: fmt.Sprintf("%d.%d.m4s", msn, i), Duration: time.Second})
		}
		return all
	}
	p := &m3u8.Media{PartTarget: time.Second, Target: 2 * time.Second}
	for msn := range next {
		p.Segments = append(p.Segments, m3u8.Segment{MSN: msn, Duration: 2 * time.Second, Parts: parts(msn, 2)})
	}
	p.Open = m3u8.Segment{MSN: next, Parts: parts(next, open)}
	return p
}

// findings are what a rule finds in answers.
func findings(rule string, a *answers) int {
	c := newCollector()
	c.apply("p", func(r *Rule, f *finder) {
		if r.ID == rule {
			r.answers(f, a)
		}
	})
	return len(c.findings)
}

// A machine may be so slow that most hints lead nowhere, without the server's fault.
func TestHintsThatCannotBeJudged(t *testing.T) {
	before := &state{reply: &reply{}, list: list(3, 1)}
	ended := list(4, 0)
	ended.Segments[3].Parts = nil
	short := list(4, 1)
	short.Segments[3].Parts = short.Segments[3].Parts[:1]
	other := list(4, 1)
	other.Segments[3].Parts[1].URI = "other.m4s"
	tests := []struct {
		name  string
		after *m3u8.Media
		want  int
	}{
		{"it came", list(4, 0), 0},
		{"a keyframe came first", short, 0},
		{"parts are not listed any more", ended, 0},
		{"another part came", other, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var a answers
			for range 3 {
				h := hintAnswer{hint: m3u8.Hint{URI: "3.1.m4s"}, state: before}
				h.judge(&state{list: test.after})
				a.hints = append(a.hints, h)
			}
			if n := findings("hint-true", &a); n != test.want {
				t.Errorf("%d findings", n)
			}
		})
	}
}

// A rendition whose encoder is slow tells of the others what was true when its last
// part came; who asks for a new playlist must not be told less than there was.
func TestReportsOfASlowRendition(t *testing.T) {
	report := m3u8.Report{URI: "other", LastMSN: 3, LastPart: 0}
	tests := []struct {
		name  string
		by    *m3u8.Media
		fresh bool
		want  int
	}{
		{"it is five parts behind itself", list(3, 1), false, 0},
		{"it is as far as the other", list(6, 0), false, 1},
		{"it was made after the question", list(3, 1), true, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := answers{reports: []reportAnswer{{
				report: report, by: test.by, before: list(6, 0), after: list(6, 1), fresh: test.fresh,
			}}}
			if n := findings("report-true", &a); n != test.want {
				t.Errorf("%d findings", n)
			}
		})
	}
}
