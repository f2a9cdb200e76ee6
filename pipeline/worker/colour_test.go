package worker

import (
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"ladderd/media"
	"ladderd/pipeline"
)

func vui(t *testing.T, v *media.VideoParams) *h264.SPS_VUI {
	t.Helper()
	var s h264.SPS
	if err := s.Unmarshal(v.SPS); err != nil {
		t.Fatal(err)
	}
	if s.ChromaFormatIdc != 1 || s.BitDepthLumaMinus8 != 0 {
		t.Errorf("output is not 4:2:0 with 8 bits: %+v", s)
	}
	if s.VUI == nil {
		t.Fatal("output has no VUI")
	}
	return s.VUI
}

func TestColourTagsSurvive(t *testing.T) {
	cases := []struct {
		name   string
		format string
		params string
		full   bool
		tags   [3]uint8 // primaries, transfer, matrix (H.264, tables E-3 to E-5)
		chroma uint32
	}{
		{"BT.709", "yuv420p", "colorprim=bt709:transfer=bt709:colormatrix=bt709", false, [3]uint8{1, 1, 1}, 0},
		{"full range", "yuvj420p", "colorprim=bt470bg:transfer=smpte170m:colormatrix=smpte170m:fullrange=on", true, [3]uint8{5, 6, 6}, 0},
		{"top left chroma", "yuv420p", "colorprim=bt709:transfer=bt709:colormatrix=bt709:chromaloc=2", false, [3]uint8{1, 1, 1}, 2},
		{"4:2:2 with 10 bits", "yuv422p10le", "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc", false, [3]uint8{9, 18, 9}, 0},
		{"4:4:4", "yuv444p", "colorprim=bt709:transfer=bt709:colormatrix=bt709", false, [3]uint8{1, 1, 1}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := record(t, append(moving("320x180", "30", 1), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", c.format, "-x264-params", c.params)...)
			rate := media.Rate{Num: 30, Den: 1}
			r := transcode(t, s.job(rate,
				pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 400_000},
				pipeline.VideoOutput{Width: 160, Height: 90, Rate: rate, Bitrate: 200_000}), s.packets)
			for i := range r.videos {
				v := vui(t, r.videos[i].video)
				tags := [3]uint8{v.ColourPrimaries, v.TransferCharacteristics, v.MatrixCoefficients}
				if v.VideoFullRangeFlag != c.full || tags != c.tags || v.ChromaSampleLocTypeTopField != c.chroma {
					t.Errorf("output %d: full range %t, tags %v, chroma location %d; want %t, %v, %d", i,
						v.VideoFullRangeFlag, tags, v.ChromaSampleLocTypeTopField, c.full, c.tags, c.chroma)
				}
			}
		})
	}
}

func TestPixelsThatAreNotSquareStaySo(t *testing.T) {
	s := record(t, append(moving("352x288", "25", 1), "-vf", "setsar=16/11", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")...)
	rate := media.Rate{Num: 25, Den: 1}
	r := transcode(t, s.job(rate,
		pipeline.VideoOutput{Width: 176, Height: 144, Rate: rate, Bitrate: 200_000},
		pipeline.VideoOutput{Width: 176, Height: 72, Rate: rate, Bitrate: 200_000}), s.packets)
	for i, want := range [][2]uint16{{16, 11}, {8, 11}} {
		v := vui(t, r.videos[i].video)
		sar := [2]uint16{v.SarWidth, v.SarHeight}
		if v.AspectRatioIdc == 4 { // H.264, table E-1
			sar = [2]uint16{16, 11}
		}
		if sar != want {
			t.Errorf("output %d has pixels of %v, want %v", i, sar, want)
		}
	}
}
