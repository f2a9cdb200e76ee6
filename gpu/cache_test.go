package gpu

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/pipeline"
)

func TestCacheHoldsForTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devices.json")
	hung := without("the driver hangs", pipeline.Scale)
	flaky := proven(other, 1e9, func(r *Result) {
		hung(r)
		r.Passing = !r.Works()
	})
	whole := proven(t4, 1e9, nil)
	lacking := proven(iris, 1e9, without("this GPU does not encode AV1", pipeline.Encode))
	saved := Cache{Path: path, By: "ladderd 1"}
	if err := saved.Save([]Proof{whole, flaky, lacking}); err != nil {
		t.Fatal(err)
	}
	updated, moved, hot, sick := t4, t4, t4, t4
	updated.Driver, moved.PCI, sick.Problem = "550.54", "0000:81:00.0", "no permission"
	degrees := 80
	hot.Temperature, hot.MemoryUsed = &degrees, 1<<30
	for name, c := range map[string]struct {
		cache  Cache
		device Device
		known  bool
	}{
		"the same":              {saved, t4, true},
		"a warmer one":          {saved, hot, true},
		"another driver":        {saved, updated, false},
		"another slot":          {saved, moved, false},
		"another device":        {saved, h100, false},
		"another ladderd":       {Cache{Path: path, By: "ladderd 2"}, t4, false},
		"a problem of its own":  {saved, sick, true},
		"what may pass":         {saved, other, false},
		"what stays so":         {saved, iris, true},
		"no file":               {Cache{Path: path + ".gone", By: "ladderd 1"}, t4, false},
		"nothing is to be kept": {Cache{By: "ladderd 1"}, t4, false},
		"a folder in its place": {Cache{Path: filepath.Dir(path), By: "ladderd 1"}, t4, false},
	} {
		known, unknown := c.cache.Load([]Device{c.device})
		if len(known)+len(unknown) != 1 || len(known) == 1 != c.known {
			t.Errorf("%s: known %v, unknown %v", name, known, unknown)
		}
		if c.device == hot && (len(known) != 1 || known[0].Device.Temperature != &degrees) {
			t.Errorf("%s: the proof is of %+v", name, known)
		}
	}
}

func TestCacheOfAnotherEnvironment(t *testing.T) {
	c := Cache{Path: filepath.Join(t.TempDir(), "devices.json")}
	whole := proven(t4, 1e9, nil)
	if err := c.Save([]Proof{whole}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LD_LIBRARY_PATH", "/opt/other-driver")
	if known, _ := c.Load([]Device{t4}); len(known) != 0 {
		t.Error("what was found with other libraries is believed")
	}
}

// A VAAPI driver's version is seen in its file.
func TestCacheSeesVAAPIDrivers(t *testing.T) {
	dir := t.TempDir()
	env := []string{"LIBVA_DRIVERS_PATH=" + dir}
	before := environment(env)
	if err := os.WriteFile(filepath.Join(dir, "iHD_drv_video.so"), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if environment(env) == before {
		t.Error("a new driver changes nothing")
	}
}

func TestCacheOfDamagedFiles(t *testing.T) {
	c := Cache{Path: filepath.Join(t.TempDir(), "devices.json"), By: "ladderd 1"}
	whole := proven(t4, 1e9, nil)
	for _, text := range []string{"", "{", "null", "[]", `{"by":"ladderd 1","proofs":null}`, `{"proofs":[{"device":7}]}`, strings.Repeat("x", 1<<16)} {
		if err := os.WriteFile(c.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if known, unknown := c.Load([]Device{t4}); len(known) != 0 || len(unknown) != 1 {
			t.Errorf("of %.20q: known %v", text, known)
		}
		if err := c.Save([]Proof{whole}); err != nil {
			t.Fatal(err)
		}
		if known, _ := c.Load([]Device{t4}); len(known) != 1 {
			t.Errorf("after %.20q nothing is kept", text)
		}
	}
}

// A second device does not cost the first one's proof; a second proof takes the place of
// the first.
func TestCacheAdds(t *testing.T) {
	dir := t.TempDir()
	c := Cache{Path: filepath.Join(dir, "devices.json")}
	first, second, again := proven(t4, 1e9, nil), proven(iris, 2e9, nil), proven(t4, 3e9, nil)
	for _, p := range []Proof{first, second, again} {
		if err := c.Save([]Proof{p}); err != nil {
			t.Fatal(err)
		}
	}
	known, _ := c.Load([]Device{t4, iris})
	if len(known) != 2 || known[0].Results[0].PixelRate != 3e9 || known[1].Results[0].PixelRate != 2e9 {
		t.Errorf("kept are %+v", known)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("in the folder are %v, %v", files, err)
	}
	if err := (Cache{Path: filepath.Join(dir, "new", "devices.json")}).Save([]Proof{first}); err != nil {
		t.Errorf("a folder that is missing is not made: %v", err)
	}
	if err := (Cache{Path: filepath.Join(dir, "devices.json", "devices.json")}).Save([]Proof{first}); err == nil {
		t.Error("a folder that cannot be made is no error")
	}
}

// What an operator mends between two starts is seen at the second one, and what the GPU
// does not do is not tried again.
func TestCacheAfterARepair(t *testing.T) {
	for said, kept := range map[string]bool{
		"Cannot load libnvidia-encode.so.1":                  false,
		"cuInit failed -> CUDA_ERROR_NOT_PERMITTED":          false,
		"cuInit failed -> CUDA_ERROR_SYSTEM_DRIVER_MISMATCH": false,
		"something new": false,
		"OpenEncodeSessionEx failed: unsupported device (2)": true,
	} {
		c := Cache{Path: filepath.Join(t.TempDir(), "devices.json")}
		try := func(context.Context, pipeline.Trial) (pipeline.Finding, error) {
			return pipeline.Finding{Failure: said}, nil
		}
		proofs, err := Prover{Try: try}.Prove(t.Context(), []Device{t4})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Save(proofs); err != nil {
			t.Fatal(err)
		}
		if known, _ := c.Load([]Device{t4}); len(known) == 1 != kept {
			t.Errorf("after %q it knows %v", said, known)
		}
	}
}

// No library of a driver's has to do with how fast the CPU is.
func TestCacheOfTheCPUInAnotherEnvironment(t *testing.T) {
	c := Cache{Path: filepath.Join(t.TempDir(), "devices.json")}
	if err := c.Save([]Proof{proven(t4, 1e9, nil), proven(cpu, 1e9, nil)}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LD_LIBRARY_PATH", "/opt/other-driver")
	if known, _ := c.Load([]Device{t4, cpu}); len(known) != 1 || known[0].Device.API != pipeline.CPU {
		t.Errorf("%+v", known)
	}
}
