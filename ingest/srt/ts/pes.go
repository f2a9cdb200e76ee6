package ts

import (
	"encoding/binary"

	"ladderd/media"
)

// pesHead is a PES packet up to the length of its optional fields (2.4.3.6).
const pesHead = 9

// pes puts one pid's PES packets together.
type pes struct {
	continuity
	most    int // bytes that one may have
	buf     []byte
	open    bool // one has begun
	damaged bool // something of it is missing
	stuffed bool // its last packet was
}

// unit is the content of a PES packet.
type unit struct {
	pts, dts int64 // 33 bits of 90 kHz
	timed    bool
	data     []byte // good until the next packet
}

// put takes a packet that is a step to the one before. When a PES packet has become
// whole, each is called for it, or spoiled where it was damaged.
func (s *pes) put(p packet, is step, each func(unit) error, spoiled func()) error {
	switch is {
	case repeated:
		return nil
	case lost:
		s.damaged = true
	}
	if p.start {
		// What was lost before a start belongs to what was open.
		if err := s.finish(each, spoiled); err != nil {
			return err
		}
		s.open = true
	}
	if !s.open {
		return nil
	}
	if len(s.buf)+len(p.payload) > s.most {
		s.damaged = true
	} else {
		s.buf = append(s.buf, p.payload...)
	}
	s.stuffed = p.stuffed
	if n := s.told(); n > 0 && len(s.buf) >= n {
		return s.finish(each, spoiled)
	}
	return nil
}

// told is the length that the PES packet says it has; 0 where it says none, as video
// may.
func (s *pes) told() int {
	if len(s.buf) < 6 {
		return 0
	}
	n := int(binary.BigEndian.Uint16(s.buf[4:]))
	if n == 0 {
		return 0
	}
	return 6 + n
}

// end hands on what is open at the stream's end, if that looks whole.
func (s *pes) end(each func(unit) error, spoiled func()) error {
	s.damaged = s.damaged || !s.stuffed
	return s.finish(each, spoiled)
}

// finish hands on what is there.
func (s *pes) finish(each func(unit) error, spoiled func()) error {
	open, damaged, b, told := s.open, s.damaged, s.buf, s.told()
	s.open, s.damaged, s.buf = false, false, s.buf[:0]
	if !open {
		return nil
	}
	if told > 0 && len(b) > told {
		b = b[:told] // stuffing behind it
	}
	u, ok := readPES(b)
	if damaged || !ok || told > len(b) {
		spoiled()
		return nil
	}
	return each(u)
}

// readPES reads a PES packet of video or audio (2.4.3.7).
func readPES(b []byte) (u unit, ok bool) {
	if len(b) < pesHead || b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]&0xc0 != 0x80 {
		return u, false
	}
	scrambled, flags, n := b[6]&0x30 != 0, b[7]>>6, int(b[8])
	if scrambled || pesHead+n > len(b) {
		return u, false
	}
	fields := b[pesHead : pesHead+n]
	u.data = b[pesHead+n:]
	if flags&2 != 0 {
		if len(fields) < 5 {
			return u, false
		}
		u.timed, u.pts = true, readTime(fields)
		u.dts = u.pts
	}
	if flags == 3 {
		if len(fields) < 10 {
			return u, false
		}
		u.dts = readTime(fields[5:])
	}
	return u, true
}

// readTime reads 33 bits with three marker bits between them.
func readTime(b []byte) int64 {
	return int64(b[0]&0x0e)<<29 | int64(b[1])<<22 | int64(b[2]&0xfe)<<14 | int64(b[3])<<7 | int64(b[4])>>1
}

// clock makes 33 bits, which wrap after 26.5 hours, into 64. Audio and video of a
// program share it.
type clock struct {
	last    int64
	started bool
}

const wrap = 1 << 33

// unwrap takes t as what is nearest to the time before it.
func (c *clock) unwrap(t int64) media.Ticks {
	if !c.started {
		c.started, c.last = true, t
		return media.Ticks(t)
	}
	d := (t - c.last) & (wrap - 1)
	if d >= wrap/2 {
		d -= wrap
	}
	c.last += d
	return media.Ticks(c.last)
}
