package ts

import "encoding/binary"

// Tables and what of them is read (2.4.4).
const (
	pidPAT   = 0
	tablePAT = 0
	tablePMT = 2
	// tableHead is a section up to its first entry, checksum what ends it.
	tableHead = 8
	checksum  = 4
	// maxPrograms bounds what a PAT may have us look for.
	maxPrograms = 32
)

// program is an entry of the PAT.
type program struct {
	number uint16
	pid    uint16 // of its PMT
}

// readPAT reads a program association section (2.4.4.3); false for another one.
func readPAT(b []byte) ([]program, bool) {
	if len(b) < tableHead+checksum || b[0] != tablePAT || b[5]&1 == 0 {
		return nil, false
	}
	var programs []program
	for b = b[tableHead : len(b)-checksum]; len(b) >= 4 && len(programs) < maxPrograms; b = b[4:] {
		p := program{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]) & 0x1fff}
		if p.number != 0 { // 0 is the network's table
			programs = append(programs, p)
		}
	}
	return programs, true
}

// stream is an elementary stream of a PMT.
type stream struct {
	pid   uint16
	codec codec
}

// readPMT reads a program map section (2.4.4.8); false for another one. Lengths that
// make no sense end the list.
func readPMT(b []byte) (number uint16, streams []stream, ok bool) {
	if len(b) < tableHead+4+checksum || b[0] != tablePMT || b[5]&1 == 0 {
		return 0, nil, false
	}
	number = binary.BigEndian.Uint16(b[3:])
	about := int(binary.BigEndian.Uint16(b[10:]) & 0x0fff)
	b = b[tableHead+4 : len(b)-checksum]
	if about > len(b) {
		return number, nil, true
	}
	for b = b[about:]; len(b) >= 5; {
		pid, n := binary.BigEndian.Uint16(b[1:])&0x1fff, int(binary.BigEndian.Uint16(b[3:])&0x0fff)
		kind := b[0]
		if b = b[5:]; n > len(b) {
			break
		}
		streams = append(streams, stream{pid, readCodec(kind, b[:n])})
		b = b[n:]
	}
	return number, streams, true
}
