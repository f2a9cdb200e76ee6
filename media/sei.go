package media

// H.264 NAL unit and SEI payload types (ITU-T H.264, table 7-1 and annex D.1).
const (
	nalSEI           = 6
	seiRecoveryPoint = 6
)

// RecoveryPoint says whether an AVCC access unit carries a recovery point SEI:
// a place where decoding can begin although it is no IDR, as in open GOPs and in
// streams with periodic intra refresh.
func RecoveryPoint(data []byte) bool {
	for unit := range NALUnits(data) {
		if unit[0]&0x1f == nalSEI && hasSEI(unit[1:], seiRecoveryPoint) {
			return true
		}
	}
	return false
}

// hasSEI looks for a message of the given payload type. Emulation prevention can
// lengthen a payload by a byte in hundreds; a message behind such a one may be
// missed, which costs a health hint and no more.
func hasSEI(b []byte, want int) bool {
	for len(b) > 2 {
		kind, rest := seiNumber(b)
		size, body := seiNumber(rest)
		if kind == want {
			return true
		}
		if size >= len(body) {
			return false
		}
		b = body[size:]
	}
	return false
}

// seiNumber reads a number coded as bytes of 255 and a last one below (7.3.2.3.1).
func seiNumber(b []byte) (n int, rest []byte) {
	for len(b) > 0 {
		n += int(b[0])
		last := b[0] != 255
		b = b[1:]
		if last {
			break
		}
	}
	return n, b
}
