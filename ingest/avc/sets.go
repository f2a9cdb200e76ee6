package avc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/bits"
)

// maxSets is how many parameter sets are kept: encoders send one SPS and up to
// three PPS; the standard would allow 32 and 256.
const maxSets = 32

// maxSetSize is the longest parameter set that a configuration can hold, in
// bytes: its length field has 16 bits.
const maxSetSize = 1<<16 - 1

// parameterSets are those that hold, in the order of their first coming.
type parameterSets struct {
	sps, pps []parameterSet
}

type parameterSet struct {
	id   uint32
	of   uint32 // PPS: the SPS that it belongs to
	unit []byte
}

// put takes up a NAL unit that is an SPS or PPS: true if that changed anything.
// One that is damaged is left out, since it may never be used.
func (p *parameterSets) put(unit []byte) bool {
	if len(unit) > maxSetSize {
		return false
	}
	list, read := &p.sps, readSPS
	if unit[0]&0x1f == unitPPS {
		list, read = &p.pps, readPPS
	}
	set, err := read(unit)
	if err != nil {
		return false
	}
	i := slices.IndexFunc(*list, func(s parameterSet) bool { return s.id == set.id })
	if i >= 0 && string((*list)[i].unit) == string(unit) {
		return false
	}
	set.unit = slices.Clone(unit) // the packet's bytes are not held for so long
	switch {
	case i >= 0:
		*list = slices.Clone(*list)
		(*list)[i] = set
	case len(*list) < maxSets:
		*list = append(*list, set)
	default:
		return false
	}
	return true
}

func (p *parameterSets) empty() bool { return len(p.sps)+len(p.pps) == 0 }

// primary is the first SPS, and the first PPS that belongs to it.
func (p *parameterSets) primary() (sps, pps []byte) {
	if len(p.sps) == 0 {
		return nil, nil
	}
	for _, s := range p.pps {
		if s.of == p.sps[0].id {
			return p.sps[0].unit, s.unit
		}
	}
	return p.sps[0].unit, nil
}

// further are the sets that media.VideoParams has no room for. They stand in
// band before each IDR picture, and where any set changes.
func (p *parameterSets) further() [][]byte {
	if len(p.sps)+len(p.pps) <= 2 {
		return nil
	}
	sps, pps := p.primary()
	var units [][]byte
	for _, s := range slices.Concat(p.sps, p.pps) {
		if string(s.unit) != string(sps) && string(s.unit) != string(pps) {
			units = append(units, s.unit)
		}
	}
	return units
}

// readSPS reads the id (ITU-T H.264, 7.3.2.1.1). It stands behind three bytes of
// profile and level.
func readSPS(unit []byte) (parameterSet, error) {
	if len(unit) < 5 {
		return parameterSet{}, errors.New("short sequence parameter set")
	}
	pos := 0
	id, err := bits.ReadGolombUnsigned(unit[4:], &pos)
	return parameterSet{id: id}, err
}

// readPPS reads the ids (7.3.2.2).
func readPPS(unit []byte) (parameterSet, error) {
	pos := 0
	id, err := bits.ReadGolombUnsigned(unit[1:], &pos)
	if err != nil {
		return parameterSet{}, err
	}
	of, err := bits.ReadGolombUnsigned(unit[1:], &pos)
	return parameterSet{id: id, of: of}, err
}

// readConfiguration reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15,
// 5.3.3.1.2).
func readConfiguration(record []byte) (lengthSize int, sets parameterSets, err error) {
	const head = 6
	if len(record) < head {
		return 0, sets, errors.New("H.264 configuration ends early")
	}
	if record[0] != 1 {
		return 0, sets, fmt.Errorf("H.264 configuration has version %d; only 1 is known", record[0])
	}
	lengthSize = int(record[4]&3) + 1
	if lengthSize == 3 {
		return 0, sets, errors.New("H.264 configuration: lengths of 3 bytes; allowed are 1, 2 and 4")
	}
	rest := record[head:]
	if rest, err = sets.takeList(rest, int(record[5]&0x1f), unitSPS); err != nil {
		return 0, sets, err
	}
	if len(rest) == 0 {
		return 0, sets, errors.New("H.264 configuration ends before the picture parameter sets")
	}
	_, err = sets.takeList(rest[1:], int(rest[0]), unitPPS)
	return lengthSize, sets, err
}

// takeList reads n parameter sets, each behind a length of 2 bytes.
func (p *parameterSets) takeList(b []byte, n int, kind byte) (rest []byte, err error) {
	for range n {
		if len(b) < 2 || int(binary.BigEndian.Uint16(b)) > len(b)-2 {
			return nil, errors.New("H.264 configuration ends inside a parameter set")
		}
		unit := b[2 : 2+binary.BigEndian.Uint16(b)]
		b = b[2+len(unit):]
		if len(unit) == 0 {
			continue
		}
		if unit[0]&0x1f != kind {
			return nil, fmt.Errorf("H.264 configuration has a NAL unit of type %d among its parameter sets", unit[0]&0x1f)
		}
		p.put(unit)
	}
	return b, nil
}
