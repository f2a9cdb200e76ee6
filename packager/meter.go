package packager

import "ladderd/media"

// meter measures a rendition's bit rate over whole segments.
type meter struct {
	bytes  int64
	dur    media.Ticks
	peak   int64 // bits per second
	recent []measured
}

// measured is one segment, or a run of them.
type measured struct {
	bytes int64
	dur   media.Ticks
}

// add counts a segment. The peak is that of any run of segments which together
// last 0.5–1.5 target durations (rfc8216bis, 4.4.6.2, BANDWIDTH).
func (m *meter) add(s *segment, target media.Ticks) {
	for _, p := range s.parts {
		if p.gap {
			m.interrupt()
			return
		}
	}
	m.bytes += s.bytes
	m.dur += s.dur
	m.recent = append(m.recent, measured{s.bytes, s.dur})
	var run measured
	for i := len(m.recent) - 1; i >= 0; i-- {
		run.bytes += m.recent[i].bytes
		run.dur += m.recent[i].dur
		if 2*run.dur > 3*target {
			m.recent = m.recent[i:]
			break
		}
		if 2*run.dur >= target {
			m.peak = max(m.peak, bitRate(run.bytes, run.dur))
		}
	}
}

// interrupt leaves a segment out: no run goes across it.
func (m *meter) interrupt() { m.recent = nil }

func bitRate(bytes int64, dur media.Ticks) int64 {
	if dur <= 0 {
		return 1
	}
	return max(1, (bytes*8*media.Clock+int64(dur)-1)/int64(dur))
}
