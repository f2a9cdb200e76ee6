package worker

import (
	"testing"

	"ladderd/pipeline"
	"ladderd/testassets/doubles"
)

func TestVAAPIOnTheDouble(t *testing.T) {
	for name, b := range combinations("vaapi", "") {
		t.Run(name, func(t *testing.T) {
			gpu := doubles.NewVA(t)
			b.Device.ID = gpu.Node()
			tryBackend(t, b, gpu.Environ())
			checkVAToldCBR(t, gpu)
			checkVAWorked(t, gpu, b)
		})
	}
}

// checkVAToldCBR looks at what the driver was told, not at what was asked of libav.
func checkVAToldCBR(t *testing.T, gpu *doubles.VA) {
	t.Helper()
	opened, sequences := gpu.Record(t, "va-encoder-open"), gpu.Record(t, "va-sequence")
	if len(opened) == 0 || len(sequences) == 0 {
		t.Fatal("the driver encoded nothing")
	}
	for _, o := range opened {
		if o["rate-control"] != "CBR" || o["profile"] != "7" {
			t.Errorf("an encoder was opened with %v", o)
		}
	}
	for _, s := range sequences {
		if s["ip-period"] != "1" || s["target"] != "100" || s["window"] != "200" {
			t.Errorf("an encoder was told %v", s)
		}
	}
	for _, p := range gpu.Record(t, "va-picture") {
		if p["type"] != "IDR" {
			t.Errorf("a picture is %v", p)
		}
	}
}

// checkVAWorked finds that the device did what it is there for.
func checkVAWorked(t *testing.T, gpu *doubles.VA, b pipeline.Backend) {
	t.Helper()
	if n := len(gpu.Record(t, "va-decoder-open")); (n > 0) != b.Decode {
		t.Errorf("the device opened %d decoders", n)
	}
	if n := len(gpu.Record(t, "va-process")); (n > 0) != b.Scale {
		t.Errorf("the device opened %d scalers", n)
	}
}
