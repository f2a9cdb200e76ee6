package publish

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// Kinds of FLV tags (Adobe Flash Video File Format 10.1, E.4.1).
const (
	TagAudio  = 8
	TagVideo  = 9
	TagScript = 18
)

const (
	flvHeaderSize = 9
	tagHeaderSize = 11
)

// Tag is one tag of an FLV file.
type Tag struct {
	Type byte
	Time int64 // what it says of itself, in milliseconds
	Due  int64 // when Paced sends it, in milliseconds from the first
	Body []byte
}

// Config says whether the tag carries a decoder's configuration, no media.
func (t Tag) Config() bool {
	return (t.Type == TagVideo || t.Type == TagAudio) && len(t.Body) > 1 && t.Body[1] == 0
}

// Key says whether the tag is a video key frame.
func (t Tag) Key() bool {
	return t.Type == TagVideo && len(t.Body) > 1 && t.Body[0]>>4 == 1 && t.Body[1] == 1
}

// ReadFLV reads all tags of a file.
func ReadFLV(file string) ([]Tag, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(b, []byte("FLV")) || len(b) < flvHeaderSize+4 {
		return nil, fmt.Errorf("%s: no FLV file", file)
	}
	var tags []Tag
	for b = b[flvHeaderSize+4:]; len(b) > 0; {
		if len(b) < tagHeaderSize {
			return nil, fmt.Errorf("%s: tag header is cut off", file)
		}
		size := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		if len(b) < tagHeaderSize+size+4 {
			return nil, fmt.Errorf("%s: tag is cut off", file)
		}
		at := int64(b[7])<<24 | int64(b[4])<<16 | int64(b[5])<<8 | int64(b[6])
		tags = append(tags, Tag{Type: b[0] & 0x1f, Time: at, Due: at, Body: b[tagHeaderSize : tagHeaderSize+size]})
		b = b[tagHeaderSize+size+4:]
	}
	return tags, nil
}

// WriteFLV writes a file of these tags.
func WriteFLV(file string, tags []Tag) error {
	b := []byte{'F', 'L', 'V', 1, 5, 0, 0, 0, flvHeaderSize, 0, 0, 0, 0}
	for _, t := range tags {
		n, at := len(t.Body), t.Time
		b = append(b, t.Type, byte(n>>16), byte(n>>8), byte(n),
			byte(at>>16), byte(at>>8), byte(at), byte(at>>24), 0, 0, 0)
		b = append(b, t.Body...)
		b = binary.BigEndian.AppendUint32(b, uint32(tagHeaderSize+n))
	}
	return os.WriteFile(file, b, 0o600)
}

// Join is first with next behind it, next's times going on where first's end and
// its decoder configurations coming with it: what an encoder sends that changes
// its settings in mid-stream.
func Join(first, next []Tag) ([]Tag, error) {
	if len(first) == 0 {
		return nil, errors.New("join FLV tags: nothing to join to")
	}
	var end int64
	for _, t := range first {
		end = max(end, t.Time)
	}
	joined := append([]Tag(nil), first...)
	for _, t := range next {
		if t.Type == TagScript {
			continue
		}
		t.Time, t.Due = t.Time+end+40, t.Due+end+40
		joined = append(joined, t)
	}
	return joined, nil
}

// DropUntilKey leaves out the video from a time on until the next key frame, as
// OBS does when the network is too slow.
func DropUntilKey(tags []Tag, from int64) []Tag {
	var kept []Tag
	dropping := false
	for _, t := range tags {
		if t.Type == TagVideo && t.Time >= from && !dropping && !t.Key() && !t.Config() {
			dropping, from = true, 1<<62
		}
		if t.Key() {
			dropping = false
		}
		if !dropping || t.Type != TagVideo {
			kept = append(kept, t)
		}
	}
	return kept
}

// Shift adds to the time of all tags from a time on, though they are sent when
// they were due; a negative span is a clock that was set back.
func Shift(tags []Tag, from, span int64) []Tag {
	shifted := append([]Tag(nil), tags...)
	for i, t := range shifted {
		if t.Time >= from {
			shifted[i].Time += span
		}
	}
	return shifted
}
