package top

import "strings"

// manual has no line above 79 columns.
const manual = `up, down, j, k     choose a stream
pgup, pgdown       a page of them
home, end          the first one, whichever that is; the last one
enter              all that is known of it; esc goes back
s                  other orders: channel, age, bit rate, viewers, behind, restarts
/                  only channels with this in their names; esc shows all again
p                  hold the picture, go on
q                  quit

Streams in trouble come first: those that starve, or have no publisher or no
worker; then those with findings (!), with renditions that are shed, or with a
disk that refuses media.

BIT/S, FPS         what came in the last second
KEY                seconds between keyframes
RENDS              renditions; 3/5 where two are shed
VIEWS              viewers
BEHIND             ms from the source's picture to the last rendition's
RST                how often the worker was replaced
RTT, LOSS          by SRT: round trip in ms, lost packets since its start`

func (s *Screen) helpLines() (lines []string) {
	for line := range strings.Lines(manual) {
		lines = append(lines, cut(strings.TrimRight(line, "\n"), s.width))
	}
	return append(lines, "", s.paint.in(faint, cut("any other key goes back", s.width)))
}
