package ts

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"ladderd/ingest"
	"ladderd/media"
)

// entry is a stream of a made PMT.
type entry struct {
	kind  byte
	pid   uint16
	about string // descriptors
}

// sectionPacket puts a section into a packet.
func sectionPacket(pid uint16, table byte, number uint16, counter byte, body []byte) []byte {
	s := []byte{table, 0xb0, byte(5 + len(body) + checksum)}
	s = binary.BigEndian.AppendUint16(s, number)
	s = append(append(s, 0xc1, 0, 0), body...)
	s = binary.BigEndian.AppendUint32(s, crc32(s))
	p := append([]byte{syncByte, 0x40 | byte(pid>>8), byte(pid), 0x10 | counter&0x0f, 0}, s...)
	for len(p) < packetSize {
		p = append(p, 0xff)
	}
	return p
}

func pat(counter byte, programs ...program) []byte {
	var body []byte
	for _, p := range programs {
		body = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(body, p.number), 0xe000|p.pid)
	}
	return sectionPacket(pidPAT, tablePAT, 1, counter, body)
}

func pmt(counter byte, p program, entries ...entry) []byte {
	body := []byte{0xe1, 0, 0xf0, 0}
	for _, e := range entries {
		body = binary.BigEndian.AppendUint16(append(body, e.kind), 0xe000|e.pid)
		body = append(binary.BigEndian.AppendUint16(body, 0xf000|uint16(len(e.about))), e.about...)
	}
	return sectionPacket(p.pid, tablePMT, p.number, counter, body)
}

var (
	first  = program{1, 0x1000}
	second = program{2, 0x1001}
)

func TestCodecsAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []entry
		error   string // empty: taken
	}{
		{"H.264 and AAC", []entry{{0x1b, 256, ""}, {0x0f, 257, ""}}, ""},
		{"H.264 alone", []entry{{0x1b, 256, ""}}, ""},
		{"subtitles and data beside", []entry{{0x1b, 256, ""}, {0x06, 258, "\x59\x00"}, {0x06, 259, "\x05\x04KLVA"}, {0x15, 260, ""}}, ""},
		{"AC-3 beside AAC", []entry{{0x81, 258, ""}, {0x1b, 256, ""}, {0x0f, 257, ""}}, ""},
		{"HEVC", []entry{{0x24, 256, ""}, {0x0f, 257, ""}}, "video: HEVC over SRT: this channel takes H.264 and AAC only"},
		{"HEVC by its registration", []entry{{0x06, 256, "\x05\x04HEVC"}}, "HEVC over SRT"},
		{"MPEG-2", []entry{{0x02, 256, ""}}, "MPEG-2 video over SRT"},
		{"AV1", []entry{{0x06, 256, "\x05\x04AV01"}}, "AV1 over SRT"},
		{"AC-3", []entry{{0x1b, 256, ""}, {0x81, 257, ""}}, "audio: AC-3 audio over SRT: this channel takes H.264 and AAC only"},
		{"AC-3 in DVB", []entry{{0x1b, 256, ""}, {0x06, 257, "\x0a\x04eng\x00\x6a\x01\x00"}}, "AC-3 audio over SRT"},
		{"MP2", []entry{{0x1b, 256, ""}, {0x03, 257, ""}}, "MP2 audio over SRT"},
		{"Opus", []entry{{0x1b, 256, ""}, {0x06, 257, "\x05\x04Opus"}}, "Opus audio over SRT"},
		{"LATM", []entry{{0x1b, 256, ""}, {0x11, 257, ""}}, "AAC in LATM over SRT"},
		{"descriptor longer than its list", []entry{{0x1b, 256, ""}, {0x06, 257, "\x05\xffOpus"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDemuxer(func(media.Packet) error { return nil })
			must(t, d.Write(pat(0, first)))
			must(t, d.Write(pat(1, first)))
			err := d.Write(pmt(0, first, c.entries...))
			if c.error == "" {
				if err != nil || d.videoPES == nil || d.videoPES.pid != 256 {
					t.Errorf("%v, video %+v", err, d.videoPES)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.error) || !errors.Is(err, ingest.ErrCodec) {
				t.Errorf("got %v, want %q", err, c.error)
			}
		})
	}
}

func TestFirstProgramWithVideoIsTaken(t *testing.T) {
	d := NewDemuxer(func(media.Packet) error { return nil })
	for i, p := range [][]byte{
		pat(0, program{0, 0x10}, first, second), pmt(0, first, entry{0x0f, 300, ""}),
		pmt(0, second, entry{0x1b, 301, ""}, entry{0x0f, 302, ""}), pmt(1, first, entry{0x1b, 303, ""}),
	} {
		if err := d.Write(p); err != nil {
			t.Fatal(i, err)
		}
	}
	if d.selected.program != second || d.videoPES.pid != 301 || d.audioPES.pid != 302 {
		t.Fatalf("took %+v, %+v and %+v", d.selected.program, d.videoPES, d.audioPES)
	}
	// The program goes, and the tracks of the other one come with its map.
	must(t, d.Write(pat(1, first)))
	must(t, d.Write(pmt(2, first, entry{0x1b, 303, ""})))
	if d.selected.program != first || d.videoPES.pid != 303 || d.audioPES != nil {
		t.Errorf("took %+v, %+v and %+v", d.selected.program, d.videoPES, d.audioPES)
	}
}

func TestStreamWithoutVideoIsRefused(t *testing.T) {
	d := NewDemuxer(func(media.Packet) error { return nil })
	must(t, d.Write(pat(0, first)))
	must(t, d.Write(pat(1, first)))
	for n := range maxWithoutVideo {
		must(t, d.Write(pmt(byte(n), first, entry{0x0f, 257, ""})))
	}
	if err := d.Write(pmt(maxWithoutVideo, first, entry{0x0f, 257, ""})); !errors.Is(err, errNoVideo) {
		t.Error(err)
	}
}

func TestOtherAACIsRefusedWhenItComesTwice(t *testing.T) {
	var a audioTrack
	f := make([]byte, 20)
	copy(f, []byte{0xff, 0xf1, 0x0c, 0x80, 20 >> 3, 20&7<<5 | 0x1f, 0xfc}) // profile 0: AAC Main
	never := func(media.Packet) error { t.Error("a packet"); return nil }
	if skipped, err := a.unit(0, f, never); err != nil || skipped != 1 {
		t.Error(skipped, err)
	}
	if _, err := a.unit(frame, f, never); err == nil || !strings.Contains(err.Error(), "object type") {
		t.Error(err)
	}
}

func TestDuplicatesAreTakenOnce(t *testing.T) {
	b := shape{pictures: 20, size: 900, perPES: 1}.make(t)
	var twice []byte
	for i := 0; i < len(b.stream); i += packetSize {
		p := b.stream[i : i+packetSize]
		twice = append(append(twice, p...), p...)
	}
	got, d := read(t, twice, 1316)
	wantAll(t, got, b.want)
	if d.Counts() != (Counts{}) {
		t.Errorf("counts %+v", d.Counts())
	}
}

func TestSEIIsKept(t *testing.T) {
	b := shape{pictures: 3, size: 300, perPES: 1}.make(t)
	got, _ := read(t, b.stream, 1316)
	video, _ := tracks(got)
	if u := units(t, video[0]); len(u) != 2 || string(u[0]) != string(sei) {
		t.Errorf("units %q", u)
	}
}
