package pipeline

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"ladderd/media"
)

var (
	testVideo = media.VideoParams{
		SPS: []byte{0x67, 0x64, 0x00, 0x1f}, PPS: []byte{0x68, 0xee}, Width: 1280, Height: 720,
		Rate: media.Rate{Num: 30000, Den: 1001},
	}
	testAudio = media.AudioParams{Config: []byte{0x11, 0x90}, SampleRate: 48000, Channels: 2}
	testNALU  = []byte{0, 0, 0, 2, 0x65, 0x88}
)

func video(pts media.Ticks, key bool) media.Packet {
	return media.Packet{Kind: media.Video, PTS: pts, DTS: pts, Key: key, Data: testNALU}
}

func audio(pts media.Ticks) media.Packet {
	return media.Packet{Kind: media.Audio, PTS: pts, DTS: pts, Data: []byte{0x21, 0x10}}
}

// frame puts a header before a payload in hex.
func frame(t tag, payload string) string {
	n, _ := hex.DecodeString(payload)
	h := binary.BigEndian.AppendUint32(nil, uint32(len(n)))
	return hex.EncodeToString(append(h, byte(t))) + payload
}

func text(s string) string { return hex.EncodeToString([]byte(s)) }

const (
	videoJSON = `{"SPS":"Z2QAHw==","PPS":"aO4=","Width":1280,"Height":720,"Rate":{"Num":30000,"Den":1001},"Reordered":false,"Interlaced":false}`
	audioJSON = `{"Config":"EZA=","SampleRate":48000,"Channels":2}`
)

var wireTests = []struct {
	name    string
	message Message
	bytes   string
}{
	{
		"video packet", Input{video(180000, true)},
		"00000017" + "02" + "05" + "000000000002bf20" + "000000000002bf20" + "000000026588",
	},
	{
		"reordered video packet",
		Input{media.Packet{Kind: media.Video, PTS: 3000, DTS: -3000, Data: testNALU}},
		"00000017" + "02" + "01" + "0000000000000bb8" + "fffffffffffff448" + "000000026588",
	},
	{
		"video packet with parameters",
		Input{media.Packet{Kind: media.Video, Key: true, Data: testNALU, Video: &testVideo}},
		frame(tagInput, "0d"+"0000000000000000"+"0000000000000000"+"007e"+text(videoJSON)+"000000026588"),
	},
	{
		"audio packet with parameters",
		Input{media.Packet{Kind: media.Audio, PTS: 1920, DTS: 1920, Data: []byte{0x21}, Audio: &testAudio}},
		frame(tagInput, "0a"+"0000000000000780"+"0000000000000780"+"0031"+text(audioJSON)+"21"),
	},
	{
		"output", Output{Index: 3, Packet: video(1, false)},
		"00000019" + "05" + "0003" + "01" + "0000000000000001" + "0000000000000001" + "000000026588",
	},
	{"drain", Drain{}, "0000000003"},
	{"shed", Shed{Outputs: []int{2, 1}}, frame(tagShed, text(`{"Outputs":[2,1]}`))},
	{
		"trial", Trial{Task: Encode, Backend: Backend{Encoder: NVENC, Device: Device{CUDA, "GPU-1"}}, Codec: H264, Width: 640, Height: 360, For: 1e9},
		frame(tagTrial, text(`{"Task":"encode","Backend":{"Encoder":"nvenc","Device":{"API":"cuda","ID":"GPU-1"},"Decode":false,"Scale":false},`+
			`"Codec":"h264","Width":640,"Height":360,"For":1000000000,"Most":0}`)),
	},
	{
		"finding", Finding{Pictures: 60, Elapsed: 5e8, CPU: 9e8, Sessions: 3, Capped: "out of memory (10)"},
		frame(tagFinding, text(`{"Pictures":60,"Elapsed":500000000,"CPU":900000000,"Sessions":3,"Spare":false,"Capped":"out of memory (10)","Failure":""}`)),
	},
	{
		"job",
		Job{
			Stream: "st-1", Video: testVideo, Audio: &testAudio, Rate: media.Rate{Num: 60, Den: 1},
			Grid: Grid{Period: 180000, Origin: 90000}, Backend: Backend{Encoder: X264},
			Videos: []VideoOutput{
				{Width: 852, Height: 480, Rate: media.Rate{Num: 30, Den: 1}, Bitrate: 1200000},
				{Width: 284, Height: 160, Rate: media.Rate{Num: 30, Den: 1}, Bitrate: 230000},
			},
			Audios: []AudioOutput{{Bitrate: 64000}}, Shed: []int{0}, After: -1,
		},
		frame(tagJob, text(`{"Stream":"st-1","Video":`+videoJSON+`,"Audio":`+audioJSON+
			`,"Rate":{"Num":60,"Den":1},"Grid":{"Period":180000,"Origin":90000},"Backend":{"Encoder":"x264","Device":{"API":"","ID":""},"Decode":false,"Scale":false},"Interlaced":"",`+
			`"Videos":[{"Width":852,"Height":480,"Rate":{"Num":30,"Den":1},"Bitrate":1200000},{"Width":284,"Height":160,"Rate":{"Num":30,"Den":1},"Bitrate":230000}],`+
			`"Audios":[{"Bitrate":64000}],"Shed":[0],"After":-1}`)),
	},
	{"ready", Ready{Encoders: []string{"libx264 852x480"}}, frame(tagReady, text(`{"Encoders":["libx264 852x480"]}`))},
	{
		"progress", Progress{PacketsIn: 7, FramesDecoded: 5, FramesOut: []int64{4, 2}, Queued: []int{0, 1}, Shed: []int{1}, Device: "encode by libx264"},
		frame(tagProgress, text(`{"PacketsIn":7,"FramesDecoded":5,"FramesOut":[4,2],"Queued":[0,1],"Shed":[1],"Device":"encode by libx264"}`)),
	},
	{"log", Log{Level: slog.LevelWarn, Text: "late"}, frame(tagLog, text(`{"Level":"WARN","Text":"late"}`))},
	{
		"failed", Failed{Reason: "no such encoder", Code: ExitGiveUp},
		frame(tagFailed, text(`{"Reason":"no such encoder","Code":12}`)),
	},
}

func TestWire(t *testing.T) {
	for _, c := range wireTests {
		t.Run(c.name, func(t *testing.T) {
			head, tail, err := encode(c.message)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(append(head, tail...)); got != c.bytes {
				t.Errorf("encoded\n%s, want\n%s", got, c.bytes)
			}
			b, err := hex.DecodeString(c.bytes)
			if err != nil {
				t.Fatal(err)
			}
			r := bytes.NewReader(b)
			got, err := readMessage(r)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.message) {
				t.Errorf("decoded\n%+v, want\n%+v", got, c.message)
			}
			if _, err := readMessage(r); err != io.EOF {
				t.Errorf("after the message: %v, want EOF", err)
			}
		})
	}
}

var rubbish = []struct {
	name, bytes, err string
}{
	{"unknown type", "00000000" + "00", "unknown type 0"},
	{"type out of range", "00000000" + "ff", "unknown type 255"},
	{"longer than its type allows", "00000001" + "03", "at most 0 are allowed"},
	{"cut header", "000000", "unexpected EOF"},
	{"cut payload", "00000017" + "02" + "05", "cut off: unexpected EOF"},
	{"packet without timestamps", frame(tagInput, "05"), "too short"},
	{"output without packet", frame(tagOutput, "00"), "too short"},
	{"packet of no kind", frame(tagInput, "00"+strings.Repeat("00", 16)+"21"), "unknown kind 0"},
	{"unknown flags", frame(tagInput, "11"+strings.Repeat("00", 16)+"21"), "unknown packet flags"},
	{"packet without data", frame(tagInput, "01"+strings.Repeat("00", 16)), "without data"},
	{"shown before it is decoded", frame(tagInput, "01"+"0000000000000000"+"0000000000000001"+"21"), "PTS 0, DTS 1"},
	{"absurd timestamp", frame(tagInput, "01"+"7000000000000000"+"0000000000000001"+"21"), "PTS 8070450532247928832"},
	{"audio keyframe", frame(tagInput, "06"+strings.Repeat("00", 16)+"21"), "keyframe"},
	{"parameters without length", frame(tagInput, "0d"+strings.Repeat("00", 16)+"00"), "too short"},
	{"parameters longer than the packet", frame(tagInput, "0d"+strings.Repeat("00", 16)+"0009"+"21"), "too short"},
	{"parameters without a parameter set", frame(tagInput, "0d"+strings.Repeat("00", 16)+"0002"+text("{}")+"21"), "without parameter sets"},
	{"parameters without a sample rate", frame(tagInput, "0a"+strings.Repeat("00", 16)+"0002"+text("{}")+"21"), "audio parameters of 0 Hz"},
	{"output whose NAL units end too early", frame(tagOutput, "000001"+strings.Repeat("00", 16)+"0000000365"), "do not add up"},
	{"job that is not JSON", frame(tagJob, "00"), "invalid character"},
	{"job without outputs", frame(tagJob, text("{}")), "0 video and 0 audio outputs"},
	{"log level out of range", frame(tagLog, text(`{"Level":"ERROR+3"}`)), "unknown log level"},
}

func TestRubbishIsRefused(t *testing.T) {
	for _, c := range rubbish {
		t.Run(c.name, func(t *testing.T) {
			b, err := hex.DecodeString(c.bytes)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := readMessage(bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

// A length is judged before memory is taken for it.
func TestLengthIsCheckedFirst(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for tag := range codecs {
		_, err := readMessage(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, byte(tag)}))
		if err == nil {
			t.Errorf("a message of type %d with 4 GiB was taken", tag)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

func TestTooLongIsNotSent(t *testing.T) {
	for _, m := range []Message{
		Log{Text: strings.Repeat("a", maxText)},
		Input{media.Packet{Kind: media.Audio, Data: make([]byte, maxPacket)}},
		Input{media.Packet{Kind: media.Audio, Data: []byte{1}, Audio: &media.AudioParams{Config: make([]byte, math.MaxUint16)}}},
	} {
		if _, _, err := encode(m); err == nil || !strings.Contains(err.Error(), "are allowed") {
			t.Errorf("%T: error %v", m, err)
		}
	}
}

func FuzzWire(f *testing.F) {
	for _, c := range wireTests {
		b, _ := hex.DecodeString(c.bytes)
		f.Add(b)
	}
	for _, c := range rubbish {
		b, _ := hex.DecodeString(c.bytes)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readMessage(bytes.NewReader(b))
		if err != nil {
			if m != nil || errors.Is(err, io.EOF) != (len(b) == 0) {
				t.Fatalf("message %v, error %v", m, err)
			}
			return
		}
		head, tail, err := encode(m)
		if err != nil {
			if strings.Contains(err.Error(), "are allowed") {
				return // JSON escapes made it longer
			}
			t.Fatalf("what was read cannot be sent: %v", err)
		}
		again, err := readMessage(io.MultiReader(bytes.NewReader(head), bytes.NewReader(tail)))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("came back as %+v (%v), was %+v", again, err, m)
		}
	})
}
