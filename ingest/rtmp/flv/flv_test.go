package flv

import (
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"ladderd/ingest"
	"ladderd/ingest/avc"
	"ladderd/media"
)

func unhex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Parameter sets by x264: 320×180 and 640×360, both with id 0.
var (
	sps180 = unhex("6742c00dda05067e7c0440000003004000000f03c50aa8")
	sps360 = unhex("6742c01eda0280bfe5c044000003000400000300f03c58ba80")
	pps0   = unhex("68ce0fc8")
	pps1   = unhex("685383f2")   // id 1, of SPS 0
	pps0b  = unhex("68ce0fc880") // id 0, another one
)

const (
	idr       = "\x65idr"
	slice     = "\x41slice"
	sei       = "\x06sei"
	delimiter = "\x09\xf0"
	filler    = "\x0c\xff\xff"
	aacLC     = "\x11\x90" // 48 kHz, stereo
)

// lengths puts NAL units behind lengths of size bytes.
func lengths(size int, units ...string) string {
	var b strings.Builder
	for _, u := range units {
		for i := size - 1; i >= 0; i-- {
			b.WriteByte(byte(len(u) >> (8 * i)))
		}
		b.WriteString(u)
	}
	return b.String()
}

func record(lengthSize int, sps, pps []string) string {
	return "\x01\x42\xc0\x0d" + string([]byte{0xfc | byte(lengthSize-1), 0xe0 | byte(len(sps))}) + lengths(2, sps...) +
		string([]byte{byte(len(pps))}) + lengths(2, pps...)
}

var (
	config180 = "\x17\x00\x00\x00\x00" + record(4, []string{sps180}, []string{pps0})
	keyframe  = "\x17\x01\x00\x00\x00" + lengths(4, idr)
	interNALU = "\x27\x01\x00\x00\x00" + lengths(4, slice)
)

// want is what must come of a tag; the zero want is no packet.
type want struct {
	data     string
	key      bool
	pts, dts int64  // ms
	width    int    // of new video parameters
	sps, pps string // of them
	rate     int    // of new audio parameters
}

// broadcasts are tags in a row: "v" or "a", the timestamp, the body, the packet.
var broadcasts = []struct {
	name string
	tags []tag
}{
	{"configuration, IDR, B-frames", []tag{
		{video, 0, config180, want{}},
		{video, 0, "\x17\x01\x00\x00\x42" + lengths(4, sei, idr), want{data: lengths(4, sei, idr), key: true, pts: 66, width: 320, sps: sps180, pps: pps0}},
		{video, 33, "\x27\x01\x00\x00\x64" + lengths(4, slice), want{data: lengths(4, slice), pts: 133, dts: 33}},
		{video, 66, "\x27\x01\xff\xff\xff" + lengths(4, slice), want{data: lengths(4, slice), pts: 65, dts: 66}},
		{video, 99, "\x17\x02\x00\x00\x00", want{}},
	}},
	{"configuration again", []tag{
		{video, 0, config180, want{}},
		{video, 0, keyframe, want{data: lengths(4, idr), key: true, width: 320, sps: sps180, pps: pps0}},
		{video, 33, config180, want{}},
		{video, 33, keyframe, want{data: lengths(4, idr), key: true, pts: 33, dts: 33}},
	}},
	{"new resolution by configuration", []tag{
		{video, 0, config180, want{}},
		{video, 0, keyframe, want{data: lengths(4, idr), key: true, width: 320, sps: sps180, pps: pps0}},
		{video, 33, "\x17\x00\x00\x00\x00" + record(4, []string{sps360}, []string{pps0}), want{}},
		{video, 33, keyframe, want{data: lengths(4, idr), key: true, pts: 33, dts: 33, width: 640, sps: sps360, pps: pps0}},
	}},
	{"new resolution in band", []tag{
		{video, 0, config180, want{}},
		{video, 0, "\x17\x01\x00\x00\x00" + lengths(4, delimiter, sps180, pps0, idr), want{data: lengths(4, idr), key: true, width: 320, sps: sps180, pps: pps0}},
		{video, 33, "\x17\x01\x00\x00\x00" + lengths(4, delimiter, sps360, pps0, idr), want{data: lengths(4, idr), key: true, pts: 33, dts: 33, width: 640, sps: sps360, pps: pps0}},
	}},
	{"parameters in band only", []tag{
		{video, 0, keyframe, want{}},
		{video, 33, "\x17\x01\x00\x00\x00" + lengths(4, sps180, pps0, idr), want{data: lengths(4, idr), key: true, pts: 33, dts: 33, width: 320, sps: sps180, pps: pps0}},
	}},
	{"empty configuration, then in band", []tag{
		{video, 0, "\x17\x00\x00\x00\x00" + record(4, nil, nil), want{}},
		{video, 33, "\x17\x01\x00\x00\x00" + lengths(4, sps180, pps0, idr), want{data: lengths(4, idr), key: true, pts: 33, dts: 33, width: 320, sps: sps180, pps: pps0}},
	}},
	{"PPS that changes between IDRs", []tag{
		{video, 0, config180, want{}},
		{video, 0, keyframe, want{data: lengths(4, idr), key: true, width: 320, sps: sps180, pps: pps0}},
		{video, 33, "\x27\x01\x00\x00\x00" + lengths(4, pps0b, slice), want{data: lengths(4, slice), pts: 33, dts: 33, width: 320, sps: sps180, pps: pps0b}},
	}},
	{"two PPS", []tag{
		{video, 0, "\x17\x00\x00\x00\x00" + record(4, []string{sps180}, []string{pps0, pps1}), want{}},
		{video, 0, keyframe, want{data: lengths(4, pps1, idr), key: true, width: 320, sps: sps180, pps: pps0}},
		{video, 33, interNALU, want{data: lengths(4, slice), pts: 33, dts: 33}},
	}},
	{"second PPS comes in band between IDRs", []tag{
		{video, 0, config180, want{}},
		{video, 0, keyframe, want{data: lengths(4, idr), key: true, width: 320, sps: sps180, pps: pps0}},
		{video, 33, "\x27\x01\x00\x00\x00" + lengths(4, pps1, slice), want{data: lengths(4, pps1, slice), pts: 33, dts: 33}},
	}},
	{"lengths of one byte", []tag{
		{video, 0, "\x17\x00\x00\x00\x00" + record(1, []string{sps180}, []string{pps0}), want{}},
		{video, 0, "\x17\x01\x00\x00\x00" + lengths(1, sei, idr), want{data: lengths(4, sei, idr), key: true, width: 320, sps: sps180, pps: pps0}},
	}},
	{"lengths of two bytes", []tag{
		{video, 0, "\x17\x00\x00\x00\x00" + record(2, []string{sps180}, []string{pps0}), want{}},
		{video, 0, "\x17\x01\x00\x00\x00" + lengths(2, sei, idr), want{data: lengths(4, sei, idr), key: true, width: 320, sps: sps180, pps: pps0}},
	}},
	{"filler, empty units and ends of sequence are left out", []tag{
		{video, 0, config180, want{}},
		{video, 0, "\x17\x01\x00\x00\x00" + lengths(4, "", idr, filler, "\x0a", "\x0b"), want{data: lengths(4, idr), key: true, width: 320, sps: sps180, pps: pps0}},
	}},
	{"SEI in a tag of its own", []tag{
		{video, 0, config180, want{}},
		{video, 0, "\x27\x01\x00\x00\x00" + lengths(4, sei), want{}},
		{video, 0, keyframe, want{data: lengths(4, sei, idr), key: true, width: 320, sps: sps180, pps: pps0}},
	}},
	{"keyframe flag without IDR, IDR without flag", []tag{
		{video, 0, config180, want{}},
		{video, 0, "\x17\x01\x00\x00\x00" + lengths(4, slice), want{data: lengths(4, slice), width: 320, sps: sps180, pps: pps0}},
		{video, 33, "\x27\x01\x00\x00\x00" + lengths(4, idr), want{data: lengths(4, idr), key: true, pts: 33, dts: 33}},
	}},
	{"Enhanced RTMP", []tag{
		{video, 0, "\x90avc1" + record(4, []string{sps180}, []string{pps0}), want{}},
		{video, 0, "\x91avc1\x00\x00\x42" + lengths(4, idr), want{data: lengths(4, idr), key: true, pts: 66, width: 320, sps: sps180, pps: pps0}},
		{video, 33, "\xa3avc1" + lengths(4, slice), want{data: lengths(4, slice), pts: 33, dts: 33}},
		{video, 66, "\xa7\x02\x00\x00\x00\x03avc1" + lengths(4, slice), want{data: lengths(4, slice), pts: 66, dts: 66}},
		{video, 99, "\xa4avc1meta", want{}},
		{video, 99, "\x92avc1", want{}},
		{video, 99, "\xd0\x00", want{}},
		{audio, 0, "\x90mp4a" + aacLC, want{}},
		{audio, 0, "\x91mp4aaac", want{data: "aac", rate: 48000}},
		{audio, 0, "\x92mp4a", want{}},
	}},
	{"AAC", []tag{
		{audio, 0, "\xaf\x01early", want{}},
		{audio, 0, "\xaf\x00" + aacLC, want{}},
		{audio, 21, "\xaf\x01aac", want{data: "aac", pts: 21, dts: 21, rate: 48000}},
		{audio, 42, "\xaf\x00" + aacLC, want{}},
		{audio, 42, "\xaf\x01", want{}},
		{audio, 42, "\xaf\x01aac", want{data: "aac", pts: 42, dts: 42}},
		{audio, 63, "\xaf\x00\x12\x10", want{}},
		{audio, 63, "\xaf\x01aac", want{data: "aac", pts: 63, dts: 63, rate: 44100}},
	}},
	{"nothing to take", []tag{
		{video, 0, "", want{}}, {audio, 0, "", want{}}, {video, 0, "\x57\x00", want{}}, {video, 0, "\x17", want{}}, {audio, 0, "\xaf", want{}},
	}},
}

const (
	video = media.Video
	audio = media.Audio
)

type tag struct {
	kind media.Kind
	ms   int64
	body string
	want want
}

func (d *Demuxer) read(kind media.Kind, ms int64, body string) (*media.Packet, error) {
	if kind == media.Video {
		return d.Video(ms, []byte(body))
	}
	return d.Audio(ms, []byte(body))
}

func TestTagsBecomePackets(t *testing.T) {
	for _, c := range broadcasts {
		t.Run(c.name, func(t *testing.T) {
			var d Demuxer
			for i, tag := range c.tags {
				p, err := d.read(tag.kind, tag.ms, tag.body)
				if err != nil {
					t.Fatalf("tag %d: %v", i, err)
				}
				if got := summary(p); !reflect.DeepEqual(got, tag.want) {
					t.Errorf("tag %d: got %+v, want %+v", i, got, tag.want)
				}
			}
		})
	}
}

func summary(p *media.Packet) want {
	if p == nil {
		return want{}
	}
	w := want{data: string(p.Data), key: p.Key, pts: int64(p.PTS) / 90, dts: int64(p.DTS) / 90}
	if p.Video != nil {
		w.width, w.sps, w.pps = p.Video.Width, string(p.Video.SPS), string(p.Video.PPS)
	}
	if p.Audio != nil {
		w.rate = p.Audio.SampleRate
	}
	return w
}

// damaged are tags behind config180 that end the connection, and a part of the
// error.
var damaged = []struct {
	name  string
	kind  media.Kind
	body  string
	error string
}{
	{"HEVC by number", video, "\x1c\x00", "HEVC over RTMP: this channel takes H.264 and AAC only"},
	{"HEVC by FourCC", video, "\x90hvc1", "HEVC over RTMP: this channel takes H.264 and AAC only"},
	{"HEVC by its other FourCC", video, "\x90hev1", "HEVC over RTMP"},
	{"HEVC that begins with a picture", video, "\x93hvc1\x00\x00\x00\x02\x26\x01", "HEVC over RTMP"},
	{"AV1 by number", video, "\x1d\x00", "AV1 over RTMP"},
	{"AV1 by FourCC", video, "\x90av01", "AV1 over RTMP"},
	{"HEVC behind a ModEx", video, "\x97\x02\x00\x00\x00\x00hvc1", "HEVC over RTMP"},
	{"HEVC as a track of its own", video, "\x96\x00hvc1\x00", "HEVC over RTMP"},
	{"HEVC among many tracks", video, "\x96\x10hvc1\x01\x00\x00\x00", "HEVC over RTMP"},
	{"AV1 among tracks of several codecs", video, "\x96\x20av01\x01\x00\x00\x00", "AV1 over RTMP"},
	{"a track cut off", video, "\x96\x00avc", "several video tracks"},
	{"VP9", video, "\x91vp09", "VP9 over RTMP"},
	{"Sorenson", video, "\x12\x00", "Sorenson H.263 over RTMP"},
	{"codec number 15", video, "\x1f\x00", "unknown video codec over RTMP"},
	{"unknown FourCC", video, "\x90\x00abc", `codec "\x00abc" over RTMP`},
	{"several video tracks", video, "\x96\x00avc1\x00", "several video tracks"},
	{"FourCC cut off", video, "\x90avc", "ends early"},
	{"composition time cut off", video, "\x91avc1\x00", "ends early"},
	{"ModEx cut off", video, "\x97\x09\x00", "ends early"},
	{"long ModEx cut off", video, "\x97\xff\x00", "ends early"},
	{"ModEx without end", video, "\x97" + strings.Repeat("\x00\x00\x07", 100), "ends early"},
	{"configuration cut off", video, "\x17\x00\x00\x00\x00\x01\x42", "ends early"},
	{"configuration without PPS", video, "\x17\x00\x00\x00\x00" + record(4, []string{sps360}, nil), "picture parameter set is missing"},
	{"configuration of version 0", video, "\x17\x00\x00\x00\x00\x00\x42\x00\x0d\xff\xe1", "version 0"},
	{"lengths of three bytes", video, "\x17\x00\x00\x00\x00" + record(3, []string{sps180}, []string{pps0}), "lengths of 3 bytes"},
	{"PPS where the SPS belongs", video, "\x17\x00\x00\x00\x00" + record(4, []string{pps0}, []string{pps0}), "NAL unit of type 8"},
	{"parameter set cut off", video, "\x17\x00\x00\x00\x00\x01\x42\x00\x0d\xff\xe1\x00\x10\x67", "inside a parameter set"},
	{"SPS of no sense", video, "\x17\x00\x00\x00\x00" + record(4, []string{"\x67\x42\xc0\x0d\xff"}, []string{pps0}), "sequence parameter set"},
	{"NAL unit longer than the tag", video, "\x17\x01\x00\x00\x00\x00\x00\x00\x09\x65", "NAL unit of 9 bytes"},
	{"NAL unit of 4 GiB", video, "\x17\x01\x00\x00\x00\xff\xff\xff\xff\x65", "NAL unit of 4294967295 bytes"},
	{"length cut off", video, "\x17\x01\x00\x00\x00\x00\x00", "inside the length"},
	{"too many NAL units", video, "\x17\x01\x00\x00\x00" + strings.Repeat("\x00\x00\x00\x01\x41", 600), "more than 512"},
	{"MP3", audio, "\x2f\xff", "MP3 over RTMP: this channel takes H.264 and AAC only"},
	{"Speex", audio, "\xbf\xff", "Speex over RTMP"},
	{"Opus", audio, "\x90Opus", "Opus over RTMP"},
	{"sound format 15", audio, "\xff\x00", "unknown sound format over RTMP"},
	{"several audio tracks", audio, "\x95\x00mp4a\x00", "several audio tracks"},
	{"AAC configuration of no sense", audio, "\xaf\x00\xff", "AAC configuration"},
}

func TestDamagedTagsAreRefused(t *testing.T) {
	for _, c := range damaged {
		t.Run(c.name, func(t *testing.T) {
			var d Demuxer
			if _, err := d.Video(0, []byte(config180)); err != nil {
				t.Fatal(err)
			}
			p, err := d.read(c.kind, 0, c.body)
			if err == nil || !strings.Contains(err.Error(), c.error) {
				t.Errorf("got %v and the error %v, want %q", p, err, c.error)
			}
			if strings.Contains(c.error, "over RTMP") && !errors.Is(err, ingest.ErrCodec) {
				t.Errorf("%v is no ErrCodec", err)
			}
		})
	}
}

func TestFalseKeyframesAreCounted(t *testing.T) {
	var d Demuxer
	for _, body := range []string{config180, keyframe, "\x17\x01\x00\x00\x00" + lengths(4, slice), interNALU} {
		if _, err := d.Video(0, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.FalseKeyframes(); n != 1 {
		t.Errorf("counted %d, want 1", n)
	}
}

// FuzzTags reads tags, each behind a byte for its kind and two for its length.
func FuzzTags(f *testing.F) {
	for _, c := range broadcasts {
		var b []byte
		for _, tag := range c.tags {
			b = append(b, fuzzTag(tag.kind, tag.body)...)
		}
		f.Add(b)
	}
	for _, c := range damaged {
		f.Add(append(fuzzTag(video, config180), fuzzTag(c.kind, c.body)...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Demuxer
		seen := map[media.Kind]bool{}
		for ms := int64(0); len(b) >= 3; ms += 10 {
			kind, n := media.Kind(b[0]&1+1), int(b[1])<<8|int(b[2])
			b = b[3:]
			n = min(n, len(b))
			p, err := d.read(kind, ms, string(b[:n]))
			b = b[n:]
			if err != nil {
				return
			}
			if p != nil {
				checkPacket(t, p, seen)
			}
		}
	})
}

func fuzzTag(kind media.Kind, body string) []byte {
	return append([]byte{byte(kind - 1), byte(len(body) >> 8), byte(len(body))}, body...)
}

func checkPacket(t *testing.T, p *media.Packet, seen map[media.Kind]bool) {
	t.Helper()
	if !seen[p.Kind] && p.Video == nil && p.Audio == nil {
		t.Fatal("the first packet has no parameters")
	}
	seen[p.Kind] = true
	if p.Kind == media.Audio {
		return
	}
	units, err := new(avc.Track).SplitLengths(p.Data)
	if err != nil {
		t.Fatalf("packet cannot be read: %v", err)
	}
	idr := false
	for _, u := range units {
		idr = idr || u[0]&0x1f == 5
	}
	if idr != p.Key {
		t.Fatalf("key is %t, IDR %t", p.Key, idr)
	}
}
