package publish

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// Captions is what the picture with a number says, counted from 0 in order of display:
// A/53's entries of three bytes.
type Captions func(picture int) []byte

// InPictures puts captions into the pictures themselves, as A/53 SEI messages. The
// entries must hold no zeros, for this writes no emulation prevention.
func InPictures(tags []Tag, say Captions) []Tag {
	captioned := slices.Clone(tags)
	for i, n := range numbered(tags) {
		payload := userData(say(n))
		unit := append([]byte{6, 4, byte(len(payload))}, payload...)
		unit = append(unit, 0x80)
		body := slices.Clone(tags[i].Body[:5])
		body = binary.BigEndian.AppendUint32(body, uint32(len(unit)))
		captioned[i].Body = slices.Concat(body, unit, tags[i].Body[5:])
	}
	return captioned
}

// InMessages puts a script tag onCaptionInfo before each picture, with the time at which
// that is shown.
func InMessages(tags []Tag, say Captions) []Tag {
	pictures := numbered(tags)
	var captioned []Tag
	for i, t := range tags {
		if n, ok := pictures[i]; ok {
			captioned = append(captioned, Tag{Type: TagScript, Time: t.shown(), Due: t.Due, Body: captionInfo(userData(say(n)))})
		}
		captioned = append(captioned, t)
	}
	return captioned
}

// Shown are the times at which pictures are shown, in milliseconds, in that order.
func Shown(tags []Tag) (at []int64) {
	for _, t := range tags {
		if t.picture() {
			at = append(at, t.shown())
		}
	}
	slices.Sort(at)
	return at
}

// numbered gives the pictures among the tags their numbers in order of display.
func numbered(tags []Tag) map[int]int {
	shown := Shown(tags)
	numbers := map[int]int{}
	for i, t := range tags {
		if t.picture() {
			numbers[i], _ = slices.BinarySearch(shown, t.shown())
		}
	}
	return numbers
}

func (t Tag) picture() bool { return t.Type == TagVideo && len(t.Body) > 5 && t.Body[1] == 1 }

// shown is a picture's time with its composition time.
func (t Tag) shown() int64 {
	return t.Time + int64(int32(uint32(t.Body[2])<<24|uint32(t.Body[3])<<16|uint32(t.Body[4])<<8)>>8)
}

// userData is user_data_registered_itu_t_t35 with captions (ATSC A/53 part 4, 6.2.3).
func userData(entries []byte) []byte {
	b := append([]byte{0xb5, 0x00, 0x31}, "GA94\x03"...)
	b = append(b, 0x40|byte(len(entries)/3), 0xff)
	return append(append(b, entries...), 0xff)
}

// captionInfo is the script tag's body: the name, and an ECMA array of type and data.
func captionInfo(payload []byte) []byte {
	b := amfString([]byte{2}, "onCaptionInfo")
	b = append(b, 8, 0, 0, 0, 2)
	b = amfString(append(amfString(b, "type"), 2), "708")
	b = amfString(append(amfString(b, "data"), 2), base64.StdEncoding.EncodeToString(payload))
	return append(b, 0, 0, 9)
}

func amfString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}
