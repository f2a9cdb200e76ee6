package ts

import "encoding/binary"

// maxSection is the longest section of a PAT or PMT in bytes (2.4.4.4, 2.4.4.9).
const maxSection = 1021 + sectionHead

// sectionHead is a section up to the length that it tells.
const sectionHead = 3

// section puts one pid's sections together.
type section struct {
	continuity
	buf []byte // nil while none has begun
}

// put takes a packet and calls each for every section that is whole and right.
func (s *section) put(p packet, each func([]byte)) {
	switch s.next(p) {
	case repeated:
		return
	case lost:
		s.buf = nil
	}
	b := p.payload
	if !p.start {
		if s.buf != nil {
			s.add(b, each)
		}
		return
	}
	// The pointer field tells where the first new section begins (2.4.4.2).
	if len(b) == 0 || int(b[0])+1 > len(b) {
		s.buf = nil
		return
	}
	before, after := b[1:1+int(b[0])], b[1+int(b[0]):]
	if s.buf != nil {
		s.add(before, each)
	}
	s.buf = make([]byte, 0, packetSize)
	s.add(after, each)
}

// add appends b to the section that has begun, and goes on with those that follow it
// at once. Stuffing, 0xff, ends them.
func (s *section) add(b []byte, each func([]byte)) {
	s.buf = append(s.buf, b...)
	for s.buf != nil {
		if len(s.buf) > 0 && s.buf[0] == 0xff {
			s.buf = nil
			return
		}
		if len(s.buf) < sectionHead {
			return
		}
		n := sectionHead + int(binary.BigEndian.Uint16(s.buf[1:])&0x0fff)
		if n > maxSection {
			s.buf = nil
			return
		}
		if len(s.buf) < n {
			return
		}
		if crc32(s.buf[:n]) == 0 {
			each(s.buf[:n])
		}
		if s.buf = s.buf[n:]; len(s.buf) == 0 {
			s.buf = nil
		}
	}
}

// crc32 is 0 for a section with its checksum at its end (annex A).
func crc32(b []byte) uint32 {
	crc := ^uint32(0)
	for _, v := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^v]
	}
	return crc
}

// crcTable is of the polynomial 0x04c11db7, most significant bit first, which
// hash/crc32 has only the other way round.
var crcTable = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			top := crc & (1 << 31)
			crc <<= 1
			if top != 0 {
				crc ^= 0x04c11db7
			}
		}
		table[i] = crc
	}
	return table
}()
