package ts

import "hash/maphash"

// packet is what a transport packet's head tells (2.4.3.2), and its payload.
type packet struct {
	pid           uint16
	start         bool // a PES packet or a section begins in the payload
	counter       byte // 4 bits, one more with each packet of the pid that has a payload
	discontinuity bool // the counter may jump here
	stuffed       bool // filled up, as a PES packet's last one is unless it fits by chance
	payload       []byte
}

// pidNull is that of stuffing.
const pidNull = 0x1fff

// readPacket reads 188 bytes. It is false for a packet that is to be ignored: it is
// marked as damaged, scrambled, or its lengths make no sense. What it carried is
// missed by its counter.
func readPacket(b []byte) (packet, bool) {
	p := packet{
		pid: uint16(b[1]&0x1f)<<8 | uint16(b[2]), start: b[1]&0x40 != 0, counter: b[3] & 0x0f,
	}
	damaged, scrambled := b[1]&0x80 != 0, b[3]&0xc0 != 0
	if damaged || scrambled || p.pid == pidNull {
		return p, false
	}
	rest := b[4:]
	if b[3]&0x20 != 0 {
		n := int(rest[0])
		if n >= len(rest) {
			return p, false
		}
		p.discontinuity = n > 0 && rest[1]&0x80 != 0
		p.stuffed = isStuffed(rest[1 : 1+n])
		rest = rest[1+n:]
	}
	if b[3]&0x10 != 0 {
		p.payload = rest
	}
	return p, true
}

// isStuffed says whether an adaptation field is longer than what it tells; of one with
// private data or an extension that is not looked for.
func isStuffed(field []byte) bool {
	if len(field) == 0 {
		return true
	}
	needs := 1
	for _, has := range []struct {
		flag byte
		size int
	}{{0x10, 6}, {0x08, 6}, {0x04, 1}} { // PCR, OPCR, splice countdown
		if field[0]&has.flag != 0 {
			needs += has.size
		}
	}
	return field[0]&0x03 == 0 && len(field) > needs
}

// counters is how many packets in a row a counter tells apart.
const counters = 16

// continuity watches the counters of one pid.
type continuity struct {
	started bool
	last    byte
	content uint64 // a hash of the last payload
}

var seed = maphash.MakeSeed()

// step is what a packet with a payload is to its predecessor.
type step uint8

const (
	follows step = iota
	repeated
	lost // packets are missing before this one
)

// next takes a packet. One with the counter of the last is a repetition, which is
// allowed (2.4.3.3), only if it has the same payload; else fifteen are missing.
func (c *continuity) next(p packet) step {
	before := *c
	*c = continuity{true, p.counter, maphash.Bytes(seed, p.payload)}
	switch {
	case !before.started || p.discontinuity || p.counter == (before.last+1)%counters:
		return follows
	case p.counter == before.last && c.content == before.content:
		return repeated
	}
	return lost
}
