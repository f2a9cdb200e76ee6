package packager

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"ladderd/ladder"
	"ladderd/media"
)

// tsMuxer is MPEG-TS's muxer (ISO/IEC 13818-1). Each part begins with PAT, PMT and
// a PCR, so that players may begin with any part that begins with an IDR, and has
// whole PES packets, one for each picture; counters go on from part to part.
// Pictures and sound lie in the order of their times.
//
// mediacommon's writer is not used: it puts each AAC frame into a PES packet of its
// own, which costs 27 kb/s, and cannot write a PCR
// where there is no picture.
type tsMuxer struct {
	video   bool // the rendition has a video track
	samples sampleClock
	tables  tsTables
	picture tsTrack
	sound   tsTrack

	init *initSection // that tables and adts were made for
	adts []byte       // header of AAC frames but for their length; nil without audio
	pes  []byte       // the one being written
}

const (
	// pcrLead is how far a PCR lies before the DTS of what comes with it: the time
	// that a receiver has to take it in. 100 ms, as mediacommon has it; an AAC frame
	// may begin before the picture that it comes behind.
	pcrLead = 100 * millisecond
	// maxSoundPES is the most sound in a PES packet, so that in renditions without
	// video a PCR comes every 100 ms (ISO/IEC 13818-1, 2.7.2).
	maxSoundPES = 100 * millisecond
	adtsHeader  = 7 // bytes
	nalPrefix   = 4 // bytes of a start code, as of AVCC's lengths
	// pictureOverhead is what a picture costs beside its NAL units, in bytes: PES
	// header, PCR, access unit delimiter, and half a packet of stuffing.
	pictureOverhead = 19 + 8 + 6 + 92
	// soundOverhead is what audio and tables cost a second, in bytes: five PES packets
	// in each of three parts, 47 ADTS headers, and the tables.
	soundOverhead = 15*(14+2+92) + 47*adtsHeader + 3*2*tsPacket
)

func newTSMuxer(video bool) *tsMuxer {
	return &tsMuxer{
		video: video, samples: sampleClock{next: -1},
		picture: tsTrack{pid: pictureID, stream: videoStreamID},
		sound:   tsTrack{pid: soundID, stream: audioStreamID},
	}
}

// tsOverhead is what goes into packets beside the tracks, and the packets' headers.
func tsOverhead(r ladder.Rendition) int64 {
	added := int64(8 * soundOverhead)
	if r.Video != ladder.None {
		rate := media.Rate{Num: 60, Den: 1}
		if r.Rate.Known() {
			rate = r.Rate
		}
		added += 8 * pictureOverhead * int64(rate.Num) / int64(rate.Den)
	}
	held := int64(r.VideoBitrate+r.AudioBitrate) + added
	return added + held*tsHeader/(tsPacket-tsHeader)
}

// section is muxer's. Parameters are in the parts: nothing is to be loaded before.
func (m *tsMuxer) section(_ int, v *media.VideoParams, a *media.AudioParams) (*initSection, error) {
	return &initSection{video: v, audio: a}, nil
}

// render is muxer's. A part without samples has its tables and a PCR.
func (m *tsMuxer) render(init *initSection, at media.Ticks, video []sample, audio []frame) ([]byte, error) {
	if err := m.use(init); err != nil {
		return nil, fmt.Errorf("write part: %w", err)
	}
	sound := m.groups(m.samples.lay(audio))
	if len(sound) == 0 && !m.video {
		return nil, nil
	}
	out := m.tables.append(make([]byte, 0, m.size(video, sound)))
	if len(video) == 0 && m.video {
		out = m.picture.appendClock(out, at-pcrLead)
	}
	for _, s := range video {
		for len(sound) > 0 && m.samples.ticks(sound[0][0].at) < s.DTS {
			out, sound = m.appendSound(out, sound[0]), sound[1:]
		}
		out = m.appendPicture(out, s)
	}
	for _, frames := range sound {
		out = m.appendSound(out, frames)
	}
	return out, nil
}

// appendPicture writes an access unit in Annex B: a delimiter, which Apple's players
// want, then at IDRs the parameter sets, for players that begin here.
func (m *tsMuxer) appendPicture(dst []byte, s sample) []byte {
	pes := m.picture.begin(m.pes[:0], s.PTS, s.DTS)
	pes = appendUnit(pes, accessUnitDelimiter)
	if s.Key {
		pes = appendUnit(pes, m.init.video.SPS)
		pes = appendUnit(pes, m.init.video.PPS)
	}
	for unit := range media.NALUnits(s.Data) {
		pes = appendUnit(pes, unit)
	}
	m.pes = pes
	return m.picture.append(dst, pes, adaptation{clock: true, pcr: s.DTS - pcrLead, random: s.Key})
}

// accessUnitDelimiter allows any slice types (ITU-T H.264, 7.3.2.4).
var accessUnitDelimiter = []byte{9, 0xf0}

func appendUnit(dst, unit []byte) []byte {
	return append(append(dst, 0, 0, 0, 1), unit...)
}

// groups divides frames into what PES packets hold: those that lie end to end.
func (m *tsMuxer) groups(frames []laid) [][]laid {
	longest := int64(maxSoundPES) * int64(m.samples.rate) / media.Clock
	var out [][]laid
	first := 0
	for i := 1; i < len(frames); i++ {
		joined := frames[i].at == frames[i-1].at+media.FrameSamples
		if !joined || frames[i].at+media.FrameSamples-frames[first].at > longest {
			out = append(out, frames[first:i])
			first = i
		}
	}
	if len(frames) > 0 {
		out = append(out, frames[first:])
	}
	return out
}

// appendSound writes AAC frames in ADTS.
func (m *tsMuxer) appendSound(dst []byte, frames []laid) []byte {
	pts := m.samples.ticks(frames[0].at)
	pes := m.sound.begin(m.pes[:0], pts, pts)
	for _, f := range frames {
		pes = m.appendADTS(pes, f.data)
	}
	m.pes = pes
	return m.sound.append(dst, pes, adaptation{clock: !m.video, pcr: pts - pcrLead, random: true})
}

// appendADTS writes the frame's length into the header (ISO/IEC 14496-3, 1.A.3.2.1).
// An AAC-LC frame of up to 8 channels fits into its 13 bits.
func (m *tsMuxer) appendADTS(dst, data []byte) []byte {
	at, size := len(dst), len(data)+adtsHeader
	dst = append(append(dst, m.adts...), data...)
	h := dst[at:]
	h[3] = h[3]&^0x03 | byte(size>>11)&0x03
	h[4] = byte(size >> 3)
	h[5] = h[5]&0x1f | byte(size<<5)
	return dst
}

// use sets up for other parameters.
func (m *tsMuxer) use(init *initSection) error {
	if m.init == init {
		return nil
	}
	adts := []byte(nil)
	if init.audio != nil {
		var config mpeg4audio.AudioSpecificConfig
		if err := config.Unmarshal(init.audio.Config); err != nil {
			return fmt.Errorf("AAC configuration: %w", err)
		}
		var err error
		if adts, err = (mpeg4audio.ADTSPackets{{
			Type: config.Type, SampleRate: config.SampleRate, ChannelConfig: config.ChannelConfig,
		}}).Marshal(); err != nil {
			return fmt.Errorf("ADTS header: %w", err)
		}
	}
	m.init, m.adts = init, adts
	m.tables.set(init.video != nil, init.audio != nil)
	return nil
}

// size is how many bytes a part needs: a buffer that grew by itself would hold up to
// twice as much for as long as the part is kept.
func (m *tsMuxer) size(video []sample, sound [][]laid) int {
	packets := 2 // the tables
	if len(video) == 0 && m.video {
		packets++
	}
	for _, s := range video {
		n := pesHeader + len(accessUnitDelimiter) + nalPrefix + len(s.Data)
		if s.PTS != s.DTS {
			n += pesTimestamp
		}
		if s.Key {
			n += 2*nalPrefix + len(m.init.video.SPS) + len(m.init.video.PPS)
		}
		packets += packetCount(n, adaptation{clock: true})
	}
	for _, frames := range sound {
		n := pesHeader
		for _, f := range frames {
			n += adtsHeader + len(f.data)
		}
		packets += packetCount(n, adaptation{clock: !m.video, random: true})
	}
	return packets * tsPacket
}
