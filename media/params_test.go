package media

import (
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
)

// somePPS is x264's for High profile.
var somePPS = unhex("68ebe3cb22c0")

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// The parameter sets are those that x264 wrote for a test picture.
func TestNewVideoParams(t *testing.T) {
	for _, c := range []struct {
		name, sps, codec      string
		width, height         int
		rate                  Rate
		reordered, interlaced bool
	}{
		{"progressive with B-frames", "6764001facd9405005bb0110000003001000000303c0f1831960", "avc1.64001f", 1280, 720, Rate{30, 1}, true, false},
		{"without B-frames", "6764001facb200a00b760220000003002000000641e30649", "avc1.64001f", 1280, 720, Rate{25, 1}, false, false},
		{"baseline, film", "6742c01ed900a03db01100000303e90000bb800f162e48", "avc1.42c01e", 640, 480, Rate{24000, 1001}, false, false},
		{"cropped from 1088 lines, NTSC", "674d402aeca03c0113f2e022000007d20003a9801e30632c", "avc1.4d402a", 1920, 1080, Rate{60000, 1001}, true, false},
		{"interlaced, cropped", "67640028acd94078044fde0220000003002000000643e2c5b2c0", "avc1.640028", 1920, 1080, Rate{25, 1}, true, true},
		{"fields allowed, none sent", "67640028acd940780447de0220000003002000000641e30632c0", "avc1.640028", 1920, 1080, Rate{25, 1}, true, true},
		{"odd size, 4:4:4", "67f4001e919b281487fc21087fe3c202d122000003000200000300781e2c5b2c", "avc1.f4001e", 641, 481, Rate{30, 1}, true, false},
		{"grey, cropped", "6764001ef3650280f7bbc05b20000003002000000781e2c5b2c0", "avc1.64001e", 638, 478, Rate{30, 1}, true, false},
		{"with HRD", "6764001facd940d83de7f01100000300010000030064604000f424001e84e4d38078c18cb0", "avc1.64001f", 852, 480, Rate{50, 1}, true, false},
		{"portrait", "67640020acd940b40a1b0110000003001000000600f1831960", "avc1.640020", 720, 1280, Rate{48, 1}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := NewVideoParams(unhex(c.sps), somePPS)
			if err != nil {
				t.Fatal(err)
			}
			if v.Width != c.width || v.Height != c.height || v.Codec() != c.codec {
				t.Errorf("%s of %d×%d, want %s of %d×%d", v.Codec(), v.Width, v.Height, c.codec, c.width, c.height)
			}
			if v.Rate != c.rate {
				t.Errorf("rate %s, want %s", v.Rate, c.rate)
			}
			if v.Reordered != c.reordered || v.Interlaced != c.interlaced {
				t.Errorf("reordered %v, interlaced %v; want %v, %v", v.Reordered, v.Interlaced, c.reordered, c.interlaced)
			}
		})
	}
}

func TestNewVideoParamsRefuses(t *testing.T) {
	sps := unhex("6764001facd9405005bb0110000003001000000303c0f1831960")
	for _, c := range []struct {
		name     string
		sps, pps []byte
		want     string
	}{
		{"nothing", nil, nil, "sequence parameter set is missing"},
		{"only a sequence parameter set", sps, nil, "picture parameter set is missing"},
		{"exchanged", somePPS, sps, "sequence parameter set is missing"},
		{"cut short", sps[:8], somePPS, "sequence parameter set: "},
		{"garbage", []byte{0x67, 0xff, 0xff, 0xff, 0xff, 0xff}, somePPS, "sequence parameter set: "},
		// Baseline, 16 × 16 pixels of which 10 are cropped off on the left and on the right.
		{"cropped to less than nothing", unhex("6742c01eda7cc6d0"), somePPS, "sequence parameter set: "},
		{"as wide as numbers go", baseline(1<<32-2, 29), somePPS, "sequence parameter set: a picture of 4294967295 macroblocks"},
		{"as high as numbers go", baseline(39, 1<<32-2), somePPS, "4294967295 macroblocks"},
		{"so wide that 32 bits make 640 of it", baseline(1<<28+39, 29), somePPS, "268435496 macroblocks"},
		{"so high that 32 bits make 480 of it", baseline(39, 1<<28+29), somePPS, "268435486 macroblocks"},
		{"cropped so far that 32 bits make 640 of it", baseline(39, 29, 1<<31, 1<<31, 0, 0), somePPS, "more is cropped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := NewVideoParams(c.sps, c.pps)
			if v != nil {
				t.Errorf("got %+v", v)
			}
			checkError(t, err, c.want)
		})
	}
}

// baseline is a sequence parameter set of Baseline whose picture has so many
// macroblocks and one more in each direction, cropped left, right, top and bottom.
func baseline(width, height uint32, crop ...uint32) []byte {
	bits := ue(0) + ue(0) + ue(2) + ue(1) + "0" + ue(width) + ue(height) + "11"
	if len(crop) == 0 {
		bits += "0"
	} else {
		bits += "1" + ue(crop[0]) + ue(crop[1]) + ue(crop[2]) + ue(crop[3])
	}
	bits += "01" // no VUI, and the end
	sps := unhex("6742c01e")
	for bits += strings.Repeat("0", -len(bits)&7); bits != ""; bits = bits[8:] {
		b, _ := strconv.ParseUint(bits[:8], 2, 8)
		sps = append(sps, byte(b))
	}
	return sps
}

// ue is the Exp-Golomb code of n (ITU-T H.264, 9.1).
func ue(n uint32) string {
	code := strconv.FormatUint(uint64(n)+1, 2)
	return strings.Repeat("0", len(code)-1) + code
}

func TestVideoParamsSame(t *testing.T) {
	a := &VideoParams{SPS: []byte{1}, PPS: []byte{2}}
	for _, c := range []struct {
		v, w *VideoParams
		want bool
	}{
		{a, &VideoParams{SPS: []byte{1}, PPS: []byte{2}, Width: 9}, true},
		{a, &VideoParams{SPS: []byte{1}, PPS: []byte{3}}, false},
		{a, &VideoParams{SPS: []byte{3}, PPS: []byte{2}}, false},
		{a, nil, false}, {nil, a, false}, {nil, nil, true},
	} {
		if got := c.v.Same(c.w); got != c.want {
			t.Errorf("%v and %v: %v", c.v, c.w, got)
		}
	}
}

func FuzzNewVideoParams(f *testing.F) {
	f.Add(unhex("6764001facd9405005bb0110000003001000000303c0f1831960"), somePPS)
	f.Add(unhex("67640028acd94078044fde0220000003002000000643e2c5b2c0"), somePPS)
	f.Add(baseline(119, 67, 0, 0, 0, 4), somePPS)
	f.Add(baseline(1<<28+39, 29), somePPS)
	f.Fuzz(func(t *testing.T, sps, pps []byte) {
		v, err := NewVideoParams(sps, pps)
		if err == nil && (v.Width < 1 || v.Height < 1 || v.Rate.Float() < 0 || v.Codec() == "") {
			t.Errorf("%x is said to be right: %+v", sps, v)
		}
	})
}

func FuzzNewAudioParams(f *testing.F) {
	for _, config := range []string{"1190", "119056e500", "17805dc010", "2b118800", "1180"} {
		f.Add(unhex(config))
	}
	f.Fuzz(func(t *testing.T, config []byte) {
		a, err := NewAudioParams(config)
		if err == nil && (a.SampleRate < minSampleRate || a.SampleRate > maxSampleRate || a.Channels < 1 || a.Channels > 8) {
			t.Errorf("%x is said to be right: %+v", config, a)
		}
	})
}

func TestNewAudioParams(t *testing.T) {
	for _, c := range []struct {
		name, config   string
		rate, channels int
		err            string
	}{
		{"48 kHz stereo", "1190", 48000, 2, ""},
		{"44.1 kHz mono", "1208", 44100, 1, ""},
		{"as OBS writes it", "119056e500", 48000, 2, ""},
		{"5.1", "11b0", 48000, 6, ""},
		{"7.1", "11b8", 48000, 8, ""},
		{"a rate without an index", "17805dc010", 48000, 2, ""},
		{"nothing", "", 0, 0, "AAC configuration: "},
		{"one byte", "11", 0, 0, "AAC configuration: "},
		{"AAC Main", "0990", 0, 0, "AAC configuration: "},
		{"HE-AAC", "2b118800", 0, 0, "HE-AAC (object type 5); only AAC-LC (2) is supported"},
		{"HE-AAC v2", "eb098800", 0, 0, "HE-AAC (object type 29); only AAC-LC (2) is supported"},
		{"960 samples", "1194", 0, 0, "frames of 960 samples; only 1024"},
		{"program config element", "1180", 0, 0, "program config element"},
		{"reserved channel configuration", "11c0", 0, 0, "AAC configuration: "},
		{"no rate", "1780000010", 0, 0, "0 Hz; only 7350 to 96000"},
		{"16 MHz", "17ffffff90", 0, 0, "Hz; only 7350 to 96000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := NewAudioParams(unhex(c.config))
			checkError(t, err, c.err)
			if a != nil && (a.SampleRate != c.rate || a.Channels != c.channels || a.Codec() != "mp4a.40.2") {
				t.Errorf("%s, %d Hz, %d channels; want %d Hz, %d", a.Codec(), a.SampleRate, a.Channels, c.rate, c.channels)
			}
			if (a == nil) != (err != nil) {
				t.Errorf("got %v with error %v", a, err)
			}
		})
	}
}

func TestNewAACLCIsReadBack(t *testing.T) {
	for _, rate := range []int{7350, 8000, 22050, 44100, 48000, 96000, 47999} {
		for _, channels := range []int{1, 2, 3, 4, 5, 6, 8} {
			made, err := NewAACLC(rate, channels)
			if err != nil {
				t.Fatal(err)
			}
			read, err := NewAudioParams(made.Config)
			if err != nil || read.SampleRate != rate || read.Channels != channels || !read.Same(made) {
				t.Errorf("%d Hz, %d channels came back as %+v, %v", rate, channels, read, err)
			}
		}
	}
	for _, c := range []struct {
		rate, channels int
		want           string
	}{{48000, 0, "none has 0 channels"}, {48000, 7, "none has 7"}, {48000, 263, "none has 263"}, {0, 2, "0 Hz"}, {192000, 2, "192000 Hz"}} {
		_, err := NewAACLC(c.rate, c.channels)
		checkError(t, err, c.want)
	}
}

func TestAudioParamsSame(t *testing.T) {
	a, b := &AudioParams{Config: []byte{0x11, 0x90}}, &AudioParams{Config: []byte{0x12, 0x08}}
	if !a.Same(&AudioParams{Config: []byte{0x11, 0x90}}) || a.Same(b) || a.Same(nil) || (*AudioParams)(nil).Same(a) {
		t.Error("configurations are the same exactly where their bytes are")
	}
}

func TestFrameTicks(t *testing.T) {
	for _, c := range []struct {
		rate int
		n    int64
		want Ticks
	}{
		{48000, 1, 1920}, {44100, 1, 2089}, {44100, 441, 921600}, {22050, 1, 4179},
		{48000, 365 * 86400 * 48000 / 1024, 365 * 86400 * Clock}, // a year
	} {
		if got := (&AudioParams{SampleRate: c.rate}).FrameTicks(c.n); got != c.want {
			t.Errorf("%d frames at %d Hz last %d ticks, want %d", c.n, c.rate, got, c.want)
		}
	}
}
