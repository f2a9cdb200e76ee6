package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	tscodecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"ladderd/media"
)

// container is how media are packed.
type container int

const (
	unknownContainer container = iota
	fragmented                 // ISO/IEC 14496-12, with an initialisation section
	transport                  // ISO/IEC 13818-1
	packed                     // bare audio frames, which are not parsed
)

// sample is an access unit. Times are in units of 1/90000 s for video and for
// transport streams, and of 1/rate s for audio in fragmented MP4.
type sample struct {
	pts, dts int64
	size     int
	key      bool // an IDR, by its NAL units
	sync     bool // the container marks it as a random access point
	recovers bool // it says that decoding may begin with it, as I-frames of open GOPs do
}

// content is the samples of a resource.
type content struct {
	video, audio []sample
	rate         int64 // units per second of the audio's times
	sampleRate   int64 // Hz
	params       *media.VideoParams
	codecs       []string // RFC 6381 names of the tracks whose codec is known here
	strange      bool     // there is a track of another codec
	size         int      // bytes
}

// first is the PTS of the first picture in decoding order.
func (m *content) first() (int64, bool) {
	if m == nil || len(m.video) == 0 {
		return 0, false
	}
	return m.video[0].pts, true
}

func clockTime(ticks int64) time.Duration { return time.Duration(ticks) * 100_000 / 9 }

// containerOf tells by the first bytes.
func containerOf(body []byte) container {
	switch {
	case len(body) >= 188 && body[0] == 0x47 && (len(body) < 376 || body[188] == 0x47):
		return transport
	case len(body) >= 8 && slices.Contains([]string{"ftyp", "styp", "moof", "sidx", "emsg", "prft", "moov", "mdat"}, string(body[4:8])):
		return fragmented
	case len(body) >= 3 && string(body[:3]) == "ID3", len(body) >= 2 && body[0] == 0xff && body[1]&0xf0 == 0xf0:
		return packed
	}
	return unknownContainer
}

// errNoMedia is for resources in no container that can be told.
var errNoMedia = errors.New("neither fragmented MP4 nor an MPEG-2 transport stream nor packed audio")

// demux reads a part or a segment; head is its initialisation section, if any.
func demux(head *fmp4.Init, body []byte) (*content, error) {
	switch containerOf(body) {
	case fragmented:
		if head == nil {
			return nil, errors.New("fragmented MP4 without an initialisation section that can be read")
		}
		return demuxFragments(head, body)
	case transport:
		return demuxTransport(body)
	case packed:
		return &content{size: len(body), strange: true}, nil
	}
	return nil, errNoMedia
}

func demuxFragments(head *fmp4.Init, body []byte) (*content, error) {
	m := &content{size: len(body)}
	var parts fmp4.Parts
	if err := parts.Unmarshal(body); err != nil {
		return nil, fmt.Errorf("read fragments: %w", err)
	}
	for _, track := range head.Tracks {
		if err := m.addTrack(track); err != nil {
			return nil, err
		}
		for _, part := range parts {
			for _, run := range part.Tracks {
				if run.ID == track.ID {
					m.addRun(track, run)
				}
			}
		}
	}
	return m, nil
}

func (m *content) addTrack(track *fmp4.InitTrack) error {
	if track.TimeScale == 0 {
		return fmt.Errorf("track %d has no time scale", track.ID)
	}
	switch codec := track.Codec.(type) {
	case *codecs.H264:
		params, err := media.NewVideoParams(codec.SPS, codec.PPS)
		if err != nil {
			return fmt.Errorf("track %d: %w", track.ID, err)
		}
		m.params = params
		m.codecs = append(m.codecs, params.Codec())
	case *codecs.MPEG4Audio:
		m.rate, m.sampleRate = int64(track.TimeScale), int64(codec.Config.SampleRate)
		m.codecs = append(m.codecs, fmt.Sprintf("mp4a.40.%d", codec.Config.Type))
	default:
		m.strange = true
	}
	return nil
}

func (m *content) addRun(track *fmp4.InitTrack, run *fmp4.PartTrack) {
	at := int64(run.BaseTime)
	_, avc := track.Codec.(*codecs.H264)
	for _, s := range run.Samples {
		one := sample{pts: at + int64(s.PTSOffset), dts: at, size: len(s.Payload), sync: !s.IsNonSyncSample}
		at += int64(s.Duration)
		switch {
		case avc:
			scale := int64(track.TimeScale)
			one.pts, one.dts = one.pts*media.Clock/scale, one.dts*media.Clock/scale
			one.key = hasIDR(media.NALUnits(s.Payload))
			one.recovers = !one.key && recovers(media.NALUnits(s.Payload))
			m.video = append(m.video, one)
		case !track.Codec.IsVideo() && m.rate > 0:
			m.audio = append(m.audio, one)
		}
	}
}

func hasIDR(units func(func([]byte) bool)) bool {
	for unit := range units {
		if len(unit) > 0 && h264.NALUType(unit[0]&0x1f) == h264.NALUTypeIDR {
			return true
		}
	}
	return false
}

// recovers says whether there is a recovery point at this very picture: an SEI message
// of that type whose recovery_frame_cnt is 0 (ISO/IEC 14496-10, D.2.8).
func recovers(units func(func([]byte) bool)) bool {
	const recoveryPoint, noFrames = 6, 0x80
	for unit := range units {
		if len(unit) == 0 || h264.NALUType(unit[0]&0x1f) != h264.NALUTypeSEI {
			continue
		}
		for rest := unit[1:]; len(rest) > 2; {
			var kind, size int
			kind, rest = seiNumber(rest)
			size, rest = seiNumber(rest)
			if kind == recoveryPoint && len(rest) > 0 && rest[0]&noFrames != 0 {
				return true
			}
			rest = rest[min(size, len(rest)):]
		}
	}
	return false
}

// seiNumber reads a type or a size (ISO/IEC 14496-10, 7.3.2.3.1).
func seiNumber(b []byte) (n int, rest []byte) {
	const more = 0xff
	for len(b) > 0 {
		last := b[0]
		n, b = n+int(last), b[1:]
		if last != more {
			break
		}
	}
	return n, b
}

func demuxTransport(body []byte) (*content, error) {
	m := &content{size: len(body), rate: media.Clock}
	r := &mpegts.Reader{R: bytes.NewReader(body)}
	if err := r.Initialize(); err != nil {
		return nil, fmt.Errorf("read transport stream: %w", err)
	}
	var broken error
	r.OnDecodeError(func(err error) { broken = err })
	for _, track := range r.Tracks() {
		m.readTrack(r, track)
	}
	for {
		if err := r.Read(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read transport stream: %w", err)
		}
	}
	if broken != nil {
		return nil, fmt.Errorf("read transport stream: %w", broken)
	}
	if m.params != nil {
		m.codecs = append(m.codecs, m.params.Codec())
	}
	return m, nil
}

func (m *content) readTrack(r *mpegts.Reader, track *mpegts.Track) {
	switch codec := track.Codec.(type) {
	case *tscodecs.H264:
		r.OnDataH264(track, func(pts, dts int64, units [][]byte) error {
			m.readParams(units)
			one := sample{pts: pts, dts: dts, key: hasIDR(slices.Values(units))}
			one.sync, one.recovers = one.key, !one.key && recovers(slices.Values(units))
			for _, unit := range units {
				one.size += len(unit)
			}
			m.video = append(m.video, one)
			return nil
		})
	case *tscodecs.MPEG4Audio:
		m.sampleRate = int64(codec.Config.SampleRate)
		m.codecs = append(m.codecs, fmt.Sprintf("mp4a.40.%d", codec.Config.Type))
		r.OnDataMPEG4Audio(track, func(pts int64, frames [][]byte) error {
			for i, frame := range frames {
				at := pts + int64(i)*media.FrameSamples*media.Clock/max(m.sampleRate, 1)
				m.audio = append(m.audio, sample{pts: at, dts: at, size: len(frame)})
			}
			return nil
		})
	default:
		m.strange = true
	}
}

// readParams takes the parameter sets that a transport stream carries in band.
func (m *content) readParams(units [][]byte) {
	var sps, pps []byte
	for _, unit := range units {
		if len(unit) == 0 {
			continue
		}
		switch h264.NALUType(unit[0] & 0x1f) {
		case h264.NALUTypeSPS:
			sps = unit
		case h264.NALUTypePPS:
			pps = unit
		}
	}
	if sps == nil || pps == nil || m.params != nil {
		return
	}
	if params, err := media.NewVideoParams(sps, pps); err == nil {
		m.params = params
	}
}

// readInit reads an initialisation section.
func readInit(body []byte) (*fmp4.Init, error) {
	head := &fmp4.Init{}
	if err := head.Unmarshal(bytes.NewReader(body)); err != nil {
		return nil, fmt.Errorf("read initialisation section: %w", err)
	}
	return head, nil
}
