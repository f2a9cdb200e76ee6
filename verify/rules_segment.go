package verify

import (
	"slices"
	"time"

	"ladderd/media"
)

// segmentRules are about the media in segments and parts.
var segmentRules = []Rule{
	{
		ID: "readable", Section: "3.1", Severity: Must, segment: readable,
		Text: "Segments are in a container that clients know, and can be read.",
	},
	{
		ID: "sync-samples", Section: "notes", Severity: Must, segment: syncSamples,
		Text: "The container marks exactly the IDRs as random access points.",
	},
	{
		ID: "parts-are-segment", Section: "3.2", Severity: Must, segment: partsAreSegment,
		Text: "The parts of a segment hold the same media as the segment.",
	},
	{
		ID: "duration-true", Section: "3", Severity: Must, segment: durationTrue,
		Text: "EXTINF is how long the segment's video lasts, to a frame.",
	},
	{
		ID: "part-duration-true", Section: "4.4.4.9", Severity: Must, segment: partDurationTrue,
		Text: "A part's DURATION is how long its video lasts, to a frame.",
	},
	{
		ID: "timestamps-rise", Section: "3", Severity: Must, segment: timestampsRise,
		Text: "Decoding times rise, within segments and from one to the next.",
	},
	{
		ID: "tracks-constant", Section: "4.4.4.3", Severity: Must, segment: tracksConstant,
		Text: "The tracks change only at an EXT-X-DISCONTINUITY.",
	},
	{
		ID: "audio-gapless", Section: "notes", Severity: Must, segment: audioGapless,
		Text: "Audio frames neither overlap nor leave room for another one between them.",
	},
	{
		ID: "audio-with-video", Section: "notes", Severity: Must, segment: audioWithVideo,
		Text: "A segment's audio begins and ends with its video, to a quarter of a second.",
	},
}

func readable(f *finder, s *segment) {
	if s.err != nil {
		f.found(s.listed.URILine, "segment %d: %v", s.listed.MSN, s.err)
	}
}

func syncSamples(f *finder, s *segment) {
	if s.media == nil {
		return
	}
	for _, v := range s.media.video {
		if v.key != v.sync {
			f.found(s.listed.URILine, "segment %d: the picture at PTS %d is an IDR: %v, marked as random access point: %v", s.listed.MSN, v.pts, v.key, v.sync)
			return
		}
	}
}

func partsAreSegment(f *finder, s *segment) {
	if s.media == nil || len(s.parts) == 0 || len(s.parts) != len(s.listed.Parts) {
		return
	}
	var video, audio []sample
	for _, p := range s.parts {
		if p.media == nil {
			return
		}
		video, audio = append(video, p.media.video...), append(audio, p.media.audio...)
	}
	if !slices.EqualFunc(video, s.media.video, sameSample) || !slices.EqualFunc(audio, s.media.audio, sameSample) {
		f.found(s.listed.URILine, "segment %d has %d pictures and %d frames of audio, its parts have %d and %d, or at other times",
			s.listed.MSN, len(s.media.video), len(s.media.audio), len(video), len(audio))
	}
}

// sameSample leaves sizes out: parts of a transport stream may repeat parameter sets.
func sameSample(a, b sample) bool { return a.pts == b.pts && a.dts == b.dts && a.key == b.key }

// step is from one time to a later one, across the 33 bits of a transport stream's
// clock (ISO/IEC 13818-1, 2.4.3.7).
func step(from, to int64) int64 {
	d := to - from
	if d < -(1 << 32) {
		d += 1 << 33
	}
	return d
}

// frameSlack is what a duration may be off: a frame of 30 a second and rounding.
const frameSlack = 35 * time.Millisecond

func durationTrue(f *finder, s *segment) {
	if !s.follows() {
		return
	}
	from, ok1 := s.before.media.first()
	to, ok2 := s.media.first()
	if !ok1 || !ok2 {
		return
	}
	lasts, slack := clockTime(step(from, to)), frameSlack
	if s.before.listed.WholeSeconds && s.rendition.last.list.Version < 3 {
		slack += time.Second / 2 // which is all that such a playlist can tell (4.4.4.1)
	}
	if off := lasts - s.before.listed.Duration; off.Abs() > slack {
		f.found(s.before.listed.Line, "segment %d: EXTINF is %v, its video lasts %v", s.before.listed.MSN, s.before.listed.Duration, lasts)
	}
}

func partDurationTrue(f *finder, s *segment) {
	for i := 0; i+1 < len(s.parts); i++ {
		p, q := s.parts[i], s.parts[i+1]
		if p.media == nil || q.media == nil || len(p.media.video) == 0 || len(q.media.video) == 0 || p.listed.Gap || q.listed.Gap {
			continue
		}
		lasts := clockTime(step(p.media.video[0].dts, q.media.video[0].dts))
		if off := lasts - p.listed.Duration; off.Abs() > frameSlack {
			f.found(p.listed.Line, "part %d.%d: DURATION is %v, its video lasts %v", s.listed.MSN, i, p.listed.Duration, lasts)
		}
	}
}

func timestampsRise(f *finder, s *segment) {
	if s.media == nil {
		return
	}
	check := func(track string, before, now []sample) {
		if len(before) > 0 {
			now = append(before[len(before)-1:len(before):len(before)], now...)
		}
		for i := 1; i < len(now); i++ {
			if step(now[i-1].dts, now[i].dts) <= 0 {
				f.found(s.listed.URILine, "segment %d: %s decodes at %d after %d", s.listed.MSN, track, now[i].dts, now[i-1].dts)
				return
			}
		}
	}
	var video, audio []sample
	if s.follows() {
		video, audio = s.before.media.video, s.before.media.audio
	}
	check("video", video, s.media.video)
	check("audio", audio, s.media.audio)
}

func tracksConstant(f *finder, s *segment) {
	if !s.follows() {
		return
	}
	a, b := s.before.media, s.media
	if (len(a.video) > 0) != (len(b.video) > 0) || (len(a.audio) > 0) != (len(b.audio) > 0) || len(a.codecs) != len(b.codecs) {
		f.found(s.listed.URILine, "segment %d has %d pictures, %d frames of audio and %v, the one before %d, %d and %v",
			s.listed.MSN, len(b.video), len(b.audio), b.codecs, len(a.video), len(a.audio), a.codecs)
	}
}

func audioGapless(f *finder, s *segment) {
	m := s.media
	if m == nil || m.sampleRate == 0 || m.rate == 0 || len(m.audio) == 0 || s.holed {
		return
	}
	frames := m.audio
	if s.follows() && len(s.before.media.audio) > 0 {
		frames = append(slices.Clone(s.before.media.audio[len(s.before.media.audio)-1:]), frames...)
	}
	frame := media.FrameSamples * m.rate / m.sampleRate
	slack := m.rate / 1000 // transport streams and servers round to milliseconds
	for i := 1; i < len(frames); i++ {
		if d := step(frames[i-1].dts, frames[i].dts); d < frame-slack || d >= 2*frame-slack {
			f.found(s.listed.URILine, "segment %d: audio goes on %v after a frame of %v", s.listed.MSN, audioTime(m, d), audioTime(m, frame))
			return
		}
	}
}

func audioTime(m *content, units int64) time.Duration {
	return time.Duration(units) * time.Second / time.Duration(max(m.rate, 1))
}

// lipSlack is how far tracks may begin apart: the reordering of pictures and a frame
// of audio, with room.
const lipSlack = 250 * time.Millisecond

// audioWithVideo leaves out how a stream begins and ends, and what stands beside a
// discontinuity: tracks that were cut there need not be of one length.
func audioWithVideo(f *finder, s *segment) {
	if !s.follows() {
		return
	}
	m := s.media
	if len(m.audio) == 0 || len(m.video) == 0 || m.rate == 0 {
		return
	}
	video := clockTime(m.video[0].pts)
	audio := audioTime(m, m.audio[0].dts)
	if off := audio - video; off.Abs() > lipSlack {
		f.found(s.listed.URILine, "segment %d: its audio begins at %v, its video at %v", s.listed.MSN, audio, video)
	}
	frames := s.before.media.audio
	if !s.before.follows() || len(frames) == 0 {
		return
	}
	lasts := audioTime(s.before.media, step(frames[0].dts, frames[len(frames)-1].dts))
	if off := lasts - s.before.listed.Duration; off.Abs() > lipSlack {
		f.found(s.before.listed.URILine, "segment %d: %v of audio, EXTINF is %v", s.before.listed.MSN, lasts, s.before.listed.Duration)
	}
}
