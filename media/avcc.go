package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// H.264 access units come in two shapes. In AVCC each NAL unit stands behind its
// length (ISO/IEC 14496-15, 5.3.4.2.1; here always 4 bytes, big-endian): the
// shape of Packet.Data, of RTMP and of fMP4. In Annex B each stands behind a
// start code (ITU-T H.264, Annex B): the shape that decoders and encoders speak.

// nalLength is the size of AVCC's length field in bytes.
const nalLength = 4

var (
	startCode      = []byte{0, 0, 0, 1}
	shortStartCode = startCode[1:]
)

// NALUnits iterates over the NAL units of an AVCC access unit. The slices alias
// data. Empty units, which some encoders send, are left out. Where the data end
// within a unit the iteration ends before it; CheckAVCC says whether they do.
func NALUnits(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			unit, rest, err := cutNAL(data)
			if err != nil || len(unit) > 0 && !yield(unit) {
				return
			}
			data = rest
		}
	}
}

// CheckAVCC tells whether data are whole NAL units behind 4-byte lengths, and at
// least one that is not empty.
func CheckAVCC(data []byte) error {
	units := 0
	for at := data; len(at) > 0; {
		unit, rest, err := cutNAL(at)
		if err != nil {
			return fmt.Errorf("H.264 access unit, byte %d of %d: %w", len(data)-len(at), len(data), err)
		}
		if len(unit) > 0 {
			units++
		}
		at = rest
	}
	if units == 0 {
		return errors.New("H.264 access unit is empty")
	}
	return nil
}

// cutNAL takes the first NAL unit off AVCC data that are not empty.
func cutNAL(data []byte) (unit, rest []byte, err error) {
	if len(data) < nalLength {
		return nil, nil, fmt.Errorf("%d bytes left over, too few for a NAL unit's length", len(data))
	}
	size := uint64(binary.BigEndian.Uint32(data))
	data = data[nalLength:]
	if size > uint64(len(data)) {
		return nil, nil, fmt.Errorf("a NAL unit of %d bytes where %d are left", size, len(data))
	}
	return data[:size:size], data[size:], nil
}

// AppendNAL appends one NAL unit behind its length to an AVCC access unit.
func AppendNAL(dst, unit []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(unit)))
	return append(dst, unit...)
}

// AnnexBToAVCC appends the NAL units of src, each behind a start code of 3 or 4
// bytes, to dst in AVCC. Zero bytes between a unit and the next start code belong
// to neither (Annex B.1.1) and are dropped. It returns dst unchanged with an error
// where src does not begin with a start code or holds no unit. src and dst must not
// overlap.
func AnnexBToAVCC(dst, src []byte) ([]byte, error) {
	out := dst
	for unit, err := range AnnexBUnits(src) {
		if err != nil {
			return dst, err
		}
		out = AppendNAL(out, unit)
	}
	if len(out) == len(dst) {
		return dst, errors.New("H.264 Annex B access unit is empty")
	}
	return out, nil
}

// AnnexBUnits iterates over the NAL units of src, each behind a start code of 3 or 4
// bytes, without the zero bytes around them (Annex B.1.1). The slices alias src. Its one
// error is of bytes before the first start code.
func AnnexBUnits(src []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		before, rest, found := bytes.Cut(src, shortStartCode)
		if !found || len(bytes.Trim(before, "\x00")) > 0 {
			yield(nil, errors.New("H.264 Annex B access unit does not begin with a start code"))
			return
		}
		for found {
			var unit []byte
			unit, rest, found = bytes.Cut(rest, shortStartCode)
			// No NAL unit ends in a zero byte (H.264, 7.4.1), so these are padding.
			unit = bytes.TrimRight(unit, "\x00")
			if len(unit) > 0 && !yield(unit, nil) {
				return
			}
		}
	}
}

// AVCCToAnnexB appends the NAL units of the AVCC access unit src, each behind a
// 4-byte start code, to dst. It returns dst unchanged with CheckAVCC's error where
// src is not whole. src and dst must not overlap.
func AVCCToAnnexB(dst, src []byte) ([]byte, error) {
	if err := CheckAVCC(src); err != nil {
		return dst, err
	}
	for unit := range NALUnits(src) {
		dst = append(dst, startCode...)
		dst = append(dst, unit...)
	}
	return dst, nil
}

// AVCConfig writes the parameter sets as an AVCDecoderConfigurationRecord for NAL
// units behind 4-byte lengths (ISO/IEC 14496-15, 5.3.3.1): how FLV, MP4 and libav
// are told of them.
func (v *VideoParams) AVCConfig() []byte {
	b := []byte{1, v.SPS[1], v.SPS[2], v.SPS[3], 0xfc | (nalLength - 1), 0xe0 | 1}
	b = binary.BigEndian.AppendUint16(b, uint16(len(v.SPS)))
	b = append(b, v.SPS...)
	b = append(b, 1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(v.PPS)))
	return append(b, v.PPS...)
}
