package pipeline

import "testing"

func TestBackendsAreWhole(t *testing.T) {
	gpu, node := Device{CUDA, "GPU-1"}, Device{VA, "/dev/dri/renderD128"}
	for _, c := range []struct {
		backend Backend
		text    string // empty where it is refused
	}{
		{Backend{Encoder: X264}, "x264"},
		{Backend{Encoder: X264, Device: gpu, Decode: true, Scale: true}, "x264 on GPU-1 (decode, scale)"},
		{Backend{Encoder: NVENC, Device: gpu}, "nvenc on GPU-1 (encode)"},
		{Backend{Encoder: VAAPI, Device: node, Decode: true, Scale: true}, "vaapi on /dev/dri/renderD128 (decode, scale, encode)"},
		{Backend{}, ""},
		{Backend{Encoder: "qsv"}, ""},
		{Backend{Encoder: NVENC}, ""},
		{Backend{Encoder: NVENC, Device: node}, ""},
		{Backend{Encoder: VAAPI, Device: gpu}, ""},
		{Backend{Encoder: NVENC, Device: Device{API: CUDA}}, ""},
		{Backend{Encoder: X264, Device: Device{ID: "GPU-1"}}, ""},
		{Backend{Encoder: X264, Device: Device{"d3d", "1"}}, ""},
		{Backend{Encoder: X264, Scale: true}, ""},
	} {
		err := checkBackend(c.backend)
		if (err == nil) != (c.text != "") {
			t.Errorf("%+v: error %v", c.backend, err)
		}
		if err == nil && c.backend.String() != c.text {
			t.Errorf("%+v is told as %q, not %q", c.backend, c.backend.String(), c.text)
		}
	}
}
