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
// mediacommon's writer is not used: it puts out tables only before IDRs, each AAC
// frame in a PES packet of its own, and a PCR only with pictures.
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
	adtsHeader  = 7
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
	sound := m.samples.lay(audio)
	if len(sound) == 0 && !m.video {
		return nil, nil
	}
	out := m.tables.append(make([]byte, 0, m.size(video, sound)))
	if len(video) == 0 && m.video {
		out = m.picture.appendClock(out, at-pcrLead)
	}
	for _, s := range video {
		for len(sound) > 0 && m.samples.ticks(sound[0].at) < s.DTS {
			out, sound = m.appendSound(out, sound)
		}
		out = m.appendPicture(out, s)
	}
	for len(sound) > 0 {
		out, sound = m.appendSound(out, sound)
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

// appendSound writes a PES packet of AAC frames in ADTS that lie end to end, and
// returns those that it has no room for.
func (m *tsMuxer) appendSound(dst []byte, frames []laid) ([]byte, []laid) {
	first := frames[0].at
	longest := int64(maxSoundPES) * int64(m.samples.rate) / media.Clock
	pts := m.samples.ticks(first)
	pes := m.sound.begin(m.pes[:0], pts, pts)
	for end := first; len(frames) > 0 && frames[0].at == end; frames = frames[1:] {
		end += media.FrameSamples
		if end-first > longest && end-first > media.FrameSamples {
			break
		}
		pes = m.appendADTS(pes, frames[0].data)
	}
	m.pes = pes
	return m.sound.append(dst, pes, adaptation{clock: !m.video, pcr: pts - pcrLead, random: true}), frames
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

// size is enough for a part, and little more.
func (m *tsMuxer) size(video []sample, sound []laid) int {
	packets := 4 // tables, and one for a clock
	for _, s := range video {
		packets += 2 + (len(s.Data)+pictureOverhead)/(tsPacket-4)
		if s.Key {
			packets += (len(m.init.video.SPS) + len(m.init.video.PPS)) / (tsPacket - 4)
		}
	}
	for _, f := range sound {
		packets += 2 + len(f.data)/(tsPacket-4)
	}
	return packets * tsPacket
}
