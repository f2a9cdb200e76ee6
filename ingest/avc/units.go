package avc

import (
	"encoding/binary"
	"fmt"

	"ladderd/media"
)

// NAL unit types (ITU-T H.264, table 7-1).
const (
	unitSlice         = 1
	unitIDR           = 5
	unitSPS           = 7
	unitPPS           = 8
	unitDelimiter     = 9
	unitEndOfSequence = 10
	unitEndOfStream   = 11
	unitFiller        = 12
)

// maxUnits is the most NAL units in an access unit: a slice for each row of
// macroblocks of the tallest picture of level 5.2, and others besides.
const maxUnits = 512

var errTooMany = fmt.Errorf("more than %d NAL units in an access unit", maxUnits)

// SplitLengths takes the NAL units out of data, each behind a length of as many bytes
// as the configuration says; 4 where none has come yet.
func (t *Track) SplitLengths(data []byte) ([][]byte, error) {
	lengthSize := t.lengthSize
	if lengthSize == 0 {
		lengthSize = 4
	}
	var units [][]byte
	for len(data) > 0 {
		if len(data) < lengthSize {
			return nil, fmt.Errorf("access unit ends inside the length of a NAL unit")
		}
		n := 0
		for _, b := range data[:lengthSize] {
			n = n<<8 | int(b)
		}
		if data = data[lengthSize:]; n > len(data) {
			return nil, fmt.Errorf("NAL unit of %d bytes in an access unit that has %d left", n, len(data))
		}
		if n > 0 {
			if len(units) == maxUnits {
				return nil, errTooMany
			}
			units = append(units, data[:n])
		}
		data = data[n:]
	}
	return units, nil
}

// SplitStartCodes takes the NAL units out of data, each behind a start code of 3 or 4
// bytes (ITU-T H.264, Annex B).
func SplitStartCodes(data []byte) ([][]byte, error) {
	var units [][]byte
	for unit, err := range media.AnnexBUnits(data) {
		if err != nil {
			return nil, err
		}
		if len(units) == maxUnits {
			return nil, errTooMany
		}
		units = append(units, unit)
	}
	return units, nil
}

// appendUnits writes units behind lengths of 4 bytes.
func appendUnits(b []byte, units [][]byte) []byte {
	for _, u := range units {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(u))), u...)
	}
	return b
}

// sorted is an access unit without what does not belong into a media.Packet.
type sorted struct {
	units       [][]byte
	picture     bool // it has a slice
	idr         bool
	setsChanged bool
}

// sort takes the parameter sets out of the units and drops what only a byte
// stream needs. Filler data must not be stored (ISO/IEC 14496-15, 5.3.2): it
// would cost each viewer the encoder's padding.
func (t *Track) sort(units [][]byte) sorted {
	var s sorted
	for _, u := range units {
		switch kind := u[0] & 0x1f; kind {
		case unitSPS, unitPPS:
			if t.sets.put(u) {
				s.setsChanged = true
			}
			continue
		case unitDelimiter, unitEndOfSequence, unitEndOfStream, unitFiller:
			continue
		default:
			s.picture = s.picture || kind >= unitSlice && kind <= unitIDR
			s.idr = s.idr || kind == unitIDR
		}
		s.units = append(s.units, u)
	}
	return s
}
