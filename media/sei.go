package media

import (
	"bytes"
	"iter"
	"slices"
)

// H.264 NAL unit and SEI payload types (ITU-T H.264, table 7-1 and annex D.1).
const (
	nalSlice         = 1
	nalIDR           = 5
	nalSEI           = 6
	nalPrefix        = 14
	seiRegistered    = 4 // user_data_registered_itu_t_t35
	seiUnregistered  = 5 // user_data_unregistered
	seiRecoveryPoint = 6
)

// emulation is the byte that keeps a unit's content from looking like a start code
// (H.264, 7.4.1): it stands behind two zeros where a byte up to its own value follows.
const emulation = 3

// RecoveryPoint says whether an AVCC access unit carries a recovery point SEI:
// a place where decoding can begin although it is no IDR, as in open GOPs and in
// streams with periodic intra refresh.
func RecoveryPoint(data []byte) bool {
	for range seiMessages(data, seiRecoveryPoint) {
		return true
	}
	return false
}

// seiMessages iterates over the payloads of one type in an AVCC access unit, without
// emulation prevention. They may alias data. A message that is longer than its unit
// is left out.
func seiMessages(data []byte, want int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for unit := range NALUnits(data) {
			if unit[0]&0x1f != nalSEI {
				continue
			}
			for b := withoutEmulation(unit[1:]); len(b) > 2; {
				kind, rest := seiNumber(b)
				size, body := seiNumber(rest)
				if size > len(body) {
					break
				}
				if kind == want && !yield(body[:size:size]) {
					return
				}
				b = body[size:]
			}
		}
	}
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

func withoutEmulation(b []byte) []byte {
	if !bytes.Contains(b, []byte{0, 0, emulation}) {
		return b
	}
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c == emulation {
			zeros = 0
			continue
		}
		zeros++
		if c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// appendEscaped is the other way round.
func appendEscaped(dst, b []byte) []byte {
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c <= emulation {
			dst, zeros = append(dst, emulation), 0
		}
		zeros++
		if c != 0 {
			zeros = 0
		}
		dst = append(dst, c)
	}
	return dst
}

// seiUnit is an SEI NAL unit with one message.
func seiUnit(kind int, payload []byte) []byte {
	message := append(appendSEINumber(nil, kind), appendSEINumber(nil, len(payload))...)
	message = append(message, payload...)
	message = append(message, 0x80) // rbsp_trailing_bits
	return appendEscaped([]byte{nalSEI}, message)
}

func appendSEINumber(b []byte, n int) []byte {
	for ; n >= 255; n -= 255 {
		b = append(b, 255)
	}
	return append(b, byte(n))
}

// withSEI is a copy of the AVCC access unit data with a unit before its first slice,
// behind the SEI units that it has: a buffering period has to stay the first (7.4.1.2.3).
func withSEI(data, unit []byte) []byte {
	at := 0
	for rest := data; len(rest) > 0; {
		next, behind, err := cutNAL(rest)
		if err != nil || len(next) > 0 && beginsPicture(next[0]&0x1f) {
			break
		}
		rest = behind
		at = len(data) - len(rest)
	}
	return slices.Concat(data[:at], AppendNAL(nil, unit), data[at:])
}

// WithMessage is a copy of the AVCC access unit data with a user_data_unregistered
// message, UUID and payload, before its first slice (H.264, D.1.7).
func WithMessage(data, message []byte) []byte {
	return withSEI(data, seiUnit(seiUnregistered, message))
}

func beginsPicture(kind byte) bool { return kind >= nalSlice && kind <= nalIDR || kind == nalPrefix }
