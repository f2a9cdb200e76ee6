package worker

import (
	"bytes"
	"encoding/binary"
	"errors"

	"ladderd/media"
)

// avccOutput is part of an encoding whose encoders put out AVCC.
type avccOutput struct{}

func (avccOutput) params(extradata []byte, _ surface) (*media.VideoParams, error) {
	return avcParams(extradata)
}

// avcParams reads the first parameter sets of an AVCDecoderConfigurationRecord
// (ISO/IEC 14496-15, 5.3.3.1).
func avcParams(b []byte) (*media.VideoParams, error) {
	if len(b) < 6 || b[0] != 1 {
		return nil, errors.New("encoder told no parameter sets in AVCC")
	}
	sps, rest, ok := cutSet(b[6:])
	if !ok || len(rest) < 1 {
		return nil, errors.New("encoder's sequence parameter set is cut off")
	}
	pps, _, ok := cutSet(rest[1:])
	if !ok {
		return nil, errors.New("encoder's picture parameter set is cut off")
	}
	return media.NewVideoParams(sps, pps)
}

func cutSet(b []byte) (set, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < n {
		return nil, nil, false
	}
	return b[2:n:n], b[n:], true
}

// x264's UUID of the SEI message in which it tells its version and options.
var x264Banner = []byte{0xdc, 0x45, 0xe9, 0xbd, 0xe6, 0xd9, 0x48, 0xb7, 0x96, 0x2c, 0xd8, 0x20, 0xd9, 0x23, 0xee, 0xef}

// withoutBanner drops the version message, 700 bytes that no viewer needs, which libav
// puts before all else of x264's first packet. The source's own may stand behind it.
func withoutBanner(au []byte) []byte {
	const nalSEI = 6
	out := make([]byte, 0, len(au))
	dropped := false
	for unit := range media.NALUnits(au) {
		if !dropped && unit[0]&0x1f == nalSEI && bytes.Contains(unit[:min(len(unit), 24)], x264Banner) {
			dropped = true
			continue
		}
		out = media.AppendNAL(out, unit)
	}
	return out
}
