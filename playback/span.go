package playback

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// span is a part of a resource, in bytes. One without length lies outside.
type span struct {
	offset, length int64
}

// requestedSpan reads a request's Range (RFC 9110, 14.2). It is not ok where the
// whole resource is the answer: without a range, with one that is not understood,
// with several, or with a condition, since our media have no validators.
func requestedSpan(h http.Header, size int64) (span, bool) {
	set, ok := strings.CutPrefix(h.Get("Range"), "bytes=")
	if !ok || h.Get("If-Range") != "" || strings.Contains(set, ",") {
		return span{}, false
	}
	first, last, ok := strings.Cut(strings.TrimSpace(set), "-")
	if !ok {
		return span{}, false
	}
	if first == "" {
		return lastBytes(last, size)
	}
	from, err := strconv.ParseUint(first, 10, 63)
	if err != nil {
		return span{}, false
	}
	to := uint64(size) - 1
	if last != "" {
		end, err := strconv.ParseUint(last, 10, 63)
		if err != nil || end < from {
			return span{}, false
		}
		to = min(to, end)
	}
	if from >= uint64(size) {
		return span{}, true
	}
	return span{offset: int64(from), length: int64(to-from) + 1}, true
}

// lastBytes is the suffix form, "bytes=-500".
func lastBytes(count string, size int64) (span, bool) {
	n, err := strconv.ParseUint(count, 10, 63)
	if err != nil {
		return span{}, false
	}
	length := min(int64(n), size)
	return span{offset: size - length, length: length}, true
}

func (s span) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.offset, s.offset+s.length-1, size)
}

// cut is the span's bytes, without copying them.
func (s span) cut(chunks [][]byte) [][]byte {
	var out [][]byte
	skip, left := s.offset, s.length
	for _, c := range chunks {
		n := int64(len(c))
		if skip >= n {
			skip -= n
			continue
		}
		c = c[skip:min(n, skip+left)]
		skip = 0
		left -= int64(len(c))
		out = append(out, c)
		if left == 0 {
			break
		}
	}
	return out
}
