package packager

import "encoding/binary"

// tsTables are the tables that tell which packets belong to what: a PAT and a PMT
// (ISO/IEC 13818-1, 2.4.4), each in one packet.
type tsTables struct {
	video, audio bool
	version      byte // of the PMT
	associations tsTrack
	programMap   tsTrack
	pat, pmt     []byte // sections, behind the pointer field; nil before the first
}

// Stream types (ISO/IEC 13818-1, table 2-34).
const (
	typeADTS = 0x0f
	typeH264 = 0x1b
)

// set says which tracks there are. Others than before are another version.
func (t *tsTables) set(video, audio bool) {
	if t.pat != nil && t.video == video && t.audio == audio {
		return
	}
	if t.pat != nil {
		t.version = (t.version + 1) & 0x1f
	}
	t.video, t.audio = video, audio
	t.associations.pid, t.programMap.pid = associationID, mapID
	program := binary.BigEndian.AppendUint16([]byte{0, 1}, 0xe000|mapID)
	t.pat = tsSection(0, 0, program)

	clock := uint16(pictureID)
	if !video {
		clock = soundID
	}
	body := binary.BigEndian.AppendUint16(nil, 0xe000|clock)
	body = append(body, 0xf0, 0) // no descriptors
	if video {
		body = appendStream(body, typeH264, pictureID)
	}
	if audio {
		body = appendStream(body, typeADTS, soundID)
	}
	t.pmt = tsSection(2, t.version, body)
}

func appendStream(dst []byte, kind byte, pid uint16) []byte {
	dst = binary.BigEndian.AppendUint16(append(dst, kind), 0xe000|pid)
	return append(dst, 0xf0, 0) // no descriptors
}

// append writes both tables.
func (t *tsTables) append(dst []byte) []byte {
	dst = t.associations.appendSection(dst, t.pat)
	return t.programMap.appendSection(dst, t.pmt)
}

// appendSection fills the packet up behind the section, as sections have it.
func (t *tsTrack) appendSection(dst, section []byte) []byte {
	var full [tsPacket - tsHeader]byte
	for i := copy(full[:], section); i < len(full); i++ {
		full[i] = 0xff
	}
	return t.appendPackets(dst, full[:], adaptation{})
}

// tsSection is a section with a CRC, behind a pointer field that says it begins at
// once. Its table_id_extension, here a transport stream or a program, is always 1.
func tsSection(table, version byte, body []byte) []byte {
	const counted = 5 + 4 // bytes after the length beside the body
	section := []byte{table}
	section = binary.BigEndian.AppendUint16(section, 0xb000|uint16(len(body)+counted))
	section = append(section, 0, 1, 0xc1|version<<1, 0, 0)
	section = append(section, body...)
	section = binary.BigEndian.AppendUint32(section, crc32MPEG(section))
	return append([]byte{0}, section...)
}

// crc32MPEG is the CRC of ISO/IEC 13818-1, annex A. Unlike that of hash/crc32 it
// takes each byte's highest bit first.
func crc32MPEG(data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b) << 24
		for range 8 {
			if crc>>31 == 1 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
