package media

import (
	"bytes"
	"errors"
	"fmt"
)

// Closed captions travel as cc_data entries of three bytes (ATSC A/53 part 4, 6.2.3):
// five marker bits, cc_valid and cc_type, then two bytes of CEA-608 or CEA-708.
const (
	// CaptionSize is an entry's length in bytes.
	CaptionSize = 3
	// MaxCaptions is the most that one picture can carry, in bytes: cc_count has five
	// bits.
	MaxCaptions = 31 * CaptionSize
)

const (
	captionMarker = 0xf8 // the marker bits, which are ones
	captionValid  = 0x04
	ccDataPresent = 0x40 // process_cc_data_flag
	ccMoreData    = 0x20 // additional_data_flag
	ccCount       = 0x1f
)

// captionsHead begins a user_data_registered_itu_t_t35 payload that holds captions:
// the United States, ATSC's provider code, its identifier, and the type of cc_data
// (A/53 part 4, tables 6.7 and 6.8; ANSI/SCTE 128-1, 8.1.1).
var captionsHead = []byte{0xb5, 0x00, 0x31, 'G', 'A', '9', '4', 3}

var errCaptions = errors.New("neither A/53 user data nor bare cc_data")

// ReadCaptions takes the entries out of what encoders send for captions: the whole
// payload of user_data_registered_itu_t_t35, or bare entries. They alias b. Nothing
// is taken from a payload that is not whole, and nothing that is not marked as an
// entry.
func ReadCaptions(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, captionsHead) {
		if len(b) == 0 || !areCaptions(b) {
			return nil, errCaptions
		}
		return b, nil
	}
	flags, entries, rest, err := ccData(b[len(captionsHead):])
	switch {
	case err != nil:
		return nil, err
	case flags&ccMoreData == 0 && len(rest) > 1, len(rest) > 0 && rest[0] != 0xff:
		return nil, fmt.Errorf("%d bytes behind %d captions", len(rest), len(entries)/CaptionSize)
	case !areCaptions(entries):
		return nil, errors.New("captions without their marker bits")
	}
	return entries, nil
}

// ccData cuts a cc_data structure. There are no entries where it says that they are
// not to be processed.
func ccData(b []byte) (flags byte, entries, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, nil, errors.New("captions end before the first one")
	}
	flags = b[0]
	n := int(flags&ccCount) * CaptionSize
	if b = b[2:]; n > len(b) { // b[1] is em_data, or reserved
		return 0, nil, nil, fmt.Errorf("%d captions in %d bytes", n/CaptionSize, len(b))
	}
	if flags&ccDataPresent == 0 {
		return flags, nil, b[n:], nil
	}
	return flags, b[:n:n], b[n:], nil
}

func areCaptions(b []byte) bool {
	for ; len(b) >= CaptionSize; b = b[CaptionSize:] {
		if b[0]&captionMarker != captionMarker {
			return false
		}
	}
	return len(b) == 0
}

// Captions are the entries in an AVCC access unit's SEI messages, nil where there
// are none. What is damaged is left out.
func Captions(data []byte) (all []byte) {
	for body := range seiMessages(data, seiRegistered) {
		if !bytes.HasPrefix(body, captionsHead) {
			continue
		}
		if _, entries, _, err := ccData(body[len(captionsHead):]); err == nil {
			all = append(all, entries...)
		}
	}
	return all
}

// Captioned says whether any of the entries holds something: encoders send empty ones
// so that their number a second stays the same.
func Captioned(entries []byte) bool {
	for ; len(entries) >= CaptionSize; entries = entries[CaptionSize:] {
		// In CEA-608 the highest bit of each byte is parity, and zeros are padding.
		if entries[0]&captionValid != 0 && (entries[1]|entries[2])&0x7f != 0 {
			return true
		}
	}
	return false
}

// WithCaptions is a copy of the AVCC access unit data with an SEI message that holds
// the entries, MaxCaptions bytes of them at most, before its first slice.
func WithCaptions(data, entries []byte) []byte {
	payload := make([]byte, 0, len(captionsHead)+2+len(entries)+1)
	payload = append(payload, captionsHead...)
	payload = append(payload, ccDataPresent|byte(len(entries)/CaptionSize), 0xff)
	payload = append(payload, entries...)
	payload = append(payload, 0xff)
	return withSEI(data, seiUnit(seiRegistered, payload))
}
