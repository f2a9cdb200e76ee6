package playback

import (
	"encoding/binary"
	"strings"

	"golang.org/x/net/http2"
)

const frameHead = 9 // bytes

// appendFrame appends the head of a frame (RFC 9113, 4.1).
func appendFrame(b []byte, kind http2.FrameType, flags http2.Flags, stream uint32, length int) []byte {
	b = append(b, byte(length>>16), byte(length>>8), byte(length), byte(kind), byte(flags))
	return binary.BigEndian.AppendUint32(b, stream)
}

func endFlag(ended bool) http2.Flags {
	if ended {
		return http2.FlagDataEndStream
	}
	return 0
}

// appendSettings tells a viewer the limits; what is left out is as RFC 9113, 6.5.2, has it.
func appendSettings(b []byte) []byte {
	settings := []http2.Setting{
		{ID: http2.SettingHeaderTableSize, Val: tableSize},
		{ID: http2.SettingMaxConcurrentStreams, Val: roadMost},
		{ID: http2.SettingInitialWindowSize, Val: bodyWindow},
		{ID: http2.SettingMaxHeaderListSize, Val: headerLimit},
	}
	b = appendFrame(b, http2.FrameSettings, 0, 0, 6*len(settings))
	for _, s := range settings {
		b = binary.BigEndian.AppendUint16(b, uint16(s.ID))
		b = binary.BigEndian.AppendUint32(b, s.Val)
	}
	return b
}

func appendPing(b []byte, flags http2.Flags, data [8]byte) []byte {
	return append(appendFrame(b, http2.FramePing, flags, 0, len(data)), data[:]...)
}

func appendReset(b []byte, stream uint32, code http2.ErrCode) []byte {
	return binary.BigEndian.AppendUint32(appendFrame(b, http2.FrameRSTStream, 0, stream, 4), uint32(code))
}

func appendWindow(b []byte, stream uint32, more int) []byte {
	return binary.BigEndian.AppendUint32(appendFrame(b, http2.FrameWindowUpdate, 0, stream, 4), uint32(more))
}

func appendGoAway(b []byte, last uint32, code http2.ErrCode) []byte {
	b = appendFrame(b, http2.FrameGoAway, 0, 0, 8)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, last), uint32(code))
}

// noTable says that no fields are remembered (RFC 7541, 6.3). A viewer that has made the
// table smaller than it is at first must be told so before other fields, or ends the
// connection (RFC 9113, 4.3.1); nobody minds if it is told unasked.
const noTable = 0x20

// appendHeader appends the answer's header. Its fields are literals that no table
// remembers (RFC 7541, 6.2.2): they take some 200 bytes more than with one, and no
// memory for each viewer. It is called with the road's writing.
func (x *exchange) appendHeader(b []byte, ended bool) ([]byte, error) {
	at := len(b)
	b = appendFrame(b, http2.FrameHeaders, http2.FlagHeadersEndHeaders|endFlag(ended), x.id, 0)
	if !x.road.untabled {
		b = append(b, noTable)
	}
	b = appendStatus(b, x.status)
	b = appendValue(append(b, fieldNames["Date"]...), dateNow())
	for name, values := range x.header {
		prefix, known := fieldNames[name]
		if !known {
			if ofConnection[name] {
				continue
			}
			prefix = literalName(name)
		}
		for _, v := range values {
			b = appendValue(append(b, prefix...), v)
		}
	}
	length := len(b) - at - frameHead
	if length > frameMost {
		return nil, errHeader
	}
	b[at], b[at+1], b[at+2] = byte(length>>16), byte(length>>8), byte(length)
	return b, nil
}

// Indices of the static table (RFC 7541, appendix A).
var (
	statusIndices = map[int]byte{200: 8, 204: 9, 206: 10, 304: 11, 400: 12, 404: 13, 500: 14}
	nameIndices   = map[string]int{
		"Accept-Ranges": 18, "Access-Control-Allow-Origin": 20, "Allow": 22, "Cache-Control": 24, "Content-Encoding": 26,
		"Content-Length": 28, "Content-Range": 30, "Content-Type": 31, "Date": 33, "Etag": 34, "Last-Modified": 44,
		"Location": 46, "Retry-After": 53, "Vary": 59,
	}
)

// fieldNames are the names of answers' fields as they are sent.
var fieldNames = func() map[string]string {
	names := make(map[string]string)
	for name, index := range nameIndices {
		names[name] = string(appendInteger(nil, 0, 4, index))
	}
	for _, name := range []string{
		"Access-Control-Expose-Headers", "Cross-Origin-Resource-Policy", "Timing-Allow-Origin",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
	} {
		names[name] = literalName(name)
	}
	return names
}()

// ofConnection are fields of HTTP/1's connections, which HTTP/2 does not have
// (RFC 9113, 8.2.2).
var ofConnection = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Transfer-Encoding": true, "Upgrade": true,
}

func literalName(name string) string {
	return string(appendValue([]byte{0}, strings.ToLower(name)))
}

func appendStatus(b []byte, status int) []byte {
	if index, ok := statusIndices[status]; ok {
		return append(b, 0x80|index)
	}
	return append(b, 8, 3, byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10))
}

// appendValue appends a string without Huffman's code (RFC 7541, 5.2). As in net/http,
// line ends become spaces.
func appendValue(b []byte, s string) []byte {
	if strings.ContainsAny(s, "\r\n\x00") {
		s = strings.Map(func(c rune) rune {
			if c == '\r' || c == '\n' || c == 0 {
				return ' '
			}
			return c
		}, s)
	}
	return append(appendInteger(b, 0, 7, len(s)), s...)
}

// appendInteger appends a number of which the first byte has the lower bits, behind
// what flags sets (RFC 7541, 5.1).
func appendInteger(b []byte, flags byte, bits, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(b, flags|byte(n))
	}
	b = append(b, flags|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}
