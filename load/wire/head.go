package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// head is what counts of an answer's first lines (RFC 9112, 4 and 6).
type head struct {
	status  int
	length  int64 // −1 where it is not told
	chunked bool
	gzip    bool
	// location is a redirect's.
	location string
	close    bool // the connection ends with this answer
}

// headLines bounds an answer's head; each line fits into the reader's buffer.
const headLines = 128

var errHead = errors.New("no HTTP/1.1 answer")

// readHead reads the head of a final answer, past interim ones.
func readHead(in *bufio.Reader) (head, error) {
	for {
		h, err := readOne(in)
		if err != nil || h.status >= 200 {
			return h, err
		}
	}
}

func readOne(in *bufio.Reader) (head, error) {
	h := head{length: -1}
	line, err := in.ReadSlice('\n')
	if err != nil {
		return h, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return h, errHead
	}
	h.close = line[7] == '0'
	if h.status, err = strconv.Atoi(string(line[9:12])); err != nil || h.status < 100 {
		return h, fmt.Errorf("%w: status %q", errHead, line[9:12])
	}
	for range headLines {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return h, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			h.empty()
			return h, nil
		}
		if err := h.field(line); err != nil {
			return h, err
		}
	}
	return h, fmt.Errorf("%w: more than %d lines", errHead, headLines)
}

// empty says of answers without a body that they have none (RFC 9112, 6.3).
func (h *head) empty() {
	if h.status == 204 || h.status == 304 {
		h.length, h.chunked = 0, false
	}
	if h.length < 0 && !h.chunked {
		h.close = true
	}
}

func (h *head) field(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return fmt.Errorf("%w: line %.60q", errHead, line)
	}
	value = bytes.TrimSpace(value)
	switch {
	case is(name, "content-length"):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%w: Content-Length %.30q", errHead, value)
		}
		h.length = n
	case is(name, "transfer-encoding"):
		h.chunked = is(value, "chunked")
	case is(name, "content-encoding"):
		h.gzip = is(value, "gzip")
	case redirects(h.status) && is(name, "location"):
		h.location = string(value)
	case is(name, "connection"):
		h.close = h.close || is(value, "close")
	}
	return nil
}

// is compares without regard to case, and without a copy.
func is(b []byte, lower string) bool {
	return len(b) == len(lower) && bytes.EqualFold(b, []byte(lower))
}

// readTrailer reads what stands behind the last chunk.
func readTrailer(in *bufio.Reader) error {
	for range headLines {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read the trailer: %w", err)
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: more than %d lines of trailer", errHead, headLines)
}
