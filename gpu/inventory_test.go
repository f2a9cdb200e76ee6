package gpu

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/pipeline"
)

// tree writes a machine as /sys shows it. A value that begins with "->" is a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, link := strings.CutPrefix(text, "->"); link {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// box has an Intel and an NVIDIA GPU, and a network card.
var box = map[string]string{
	"proc/cpuinfo":                          "processor\t: 0\nmodel name\t: Imaginary CPU 3000\n",
	"proc/sys/kernel/osrelease":             "6.1.0-28-amd64\n",
	"dev/dri/renderD128":                    "",
	"dev/dri/renderD129":                    "",
	"sys/devices/pci/0000:00:02.0/vendor":   "0x8086\n",
	"sys/devices/pci/0000:00:02.0/device":   "0x46a6\n",
	"sys/devices/pci/0000:00:02.0/class":    "0x030000\n",
	"sys/devices/pci/0000:00:02.0/driver":   "->../../drivers/i915",
	"sys/devices/pci/0000:3b:00.0/vendor":   "0x10de\n",
	"sys/devices/pci/0000:3b:00.0/device":   "0x1eb8\n",
	"sys/devices/pci/0000:3b:00.0/class":    "0x030200\n",
	"sys/devices/pci/0000:3b:00.0/driver":   "->../../drivers/nvidia",
	"sys/devices/pci/0000:41:00.0/vendor":   "0x10de\n",
	"sys/devices/pci/0000:41:00.0/class":    "0x020000\n",
	"sys/devices/drivers/i915/bind":         "",
	"sys/devices/drivers/nvidia/bind":       "",
	"sys/class/drm/renderD128/device":       "->../../../devices/pci/0000:00:02.0",
	"sys/class/drm/renderD129/device":       "->../../../devices/pci/0000:3b:00.0",
	"sys/bus/pci/devices/0000:00:02.0":      "->../../../devices/pci/0000:00:02.0",
	"sys/bus/pci/devices/0000:3b:00.0":      "->../../../devices/pci/0000:3b:00.0",
	"sys/bus/pci/devices/0000:41:00.0":      "->../../../devices/pci/0000:41:00.0",
	"sys/bus/pci/devices/0000:5e:00.0/note": "not a GPU",
}

func TestInventory(t *testing.T) {
	root := tree(t, box)
	m := Machine{Root: root, Cards: playing("two cards")}
	devices := m.Inventory(t.Context())
	if len(devices) != 4 {
		t.Fatalf("%d devices: %+v", len(devices), devices)
	}
	want := []Device{
		{API: pipeline.CUDA, ID: "GPU-1", Name: "NVIDIA T4", Driver: "535.161.08", PCI: "0000:3b:00.0"},
		{API: pipeline.CUDA, ID: "GPU-2", Name: "NVIDIA T4", Driver: "535.161.08", PCI: "0000:5e:00.0"},
		{API: pipeline.VA, ID: filepath.Join(root, "dev/dri/renderD128"), Name: "Intel GPU 46a6", Driver: "i915 6.1.0-28-amd64", PCI: "0000:00:02.0"},
		{Name: "Imaginary CPU 3000", Cores: devices[3].Cores},
	}
	for i, w := range want {
		if devices[i] != w {
			t.Errorf("device %d is %+v, want %+v", i, devices[i], w)
		}
	}
	if devices[3].Cores < 1 {
		t.Error("the CPU has no cores")
	}
}

// A driver that is missing, crashes or hangs is a device with a problem, within its time.
func TestInventoryOfTroubles(t *testing.T) {
	for _, c := range []struct {
		role  string
		files map[string]string
		want  []string // each device's name, place and the beginning of its problem
	}{
		{"no library", nil, nil},
		{"no library", box, []string{"NVIDIA GPU|0000:3b:00.0|NVIDIA's driver is not there: install it"}},
		{"not loaded", nil, []string{"NVIDIA GPU||NVIDIA's kernel module is not loaded"}},
		{"lost", nil, []string{"NVIDIA GPU 0||the GPU does not answer any more"}},
		{"hangs", box, []string{"NVIDIA GPU|0000:3b:00.0|NVIDIA's driver does not answer: it hangs"}},
		{"hangs", nil, []string{"NVIDIA GPU||NVIDIA's driver does not answer: it hangs"}},
		{"missing a symbol", nil, []string{"NVIDIA GPU||asking NVIDIA's driver crashed the process that did (exit status 127: undefined symbol: nvmlInit)"}},
		{"rubbish", nil, []string{"NVIDIA GPU||asking NVIDIA's driver gave an answer that makes no sense (\"hello\"): "}},
		{"first card hangs", nil, []string{"NVIDIA GPU 0||the card does not answer: it hangs", "NVIDIA T4|0000:5e:00.0|"}},
		{"second card crashes", nil, []string{"NVIDIA GPU 1||asking the card crashed the process that did (exit status 139)", "NVIDIA T4|0000:3b:00.0|"}},
	} {
		t.Run(c.role, func(t *testing.T) {
			t.Parallel()
			m := Machine{Root: tree(t, c.files), Cards: playing(c.role), Patience: 10 * time.Second}
			if strings.Contains(c.role, "hangs") {
				m.Patience = 2 * time.Second
			}
			var got []string
			for _, d := range m.Inventory(t.Context()) {
				if d.API == pipeline.CUDA {
					got = append(got, d.Name+"|"+d.PCI+"|"+d.Problem)
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("found %q, want %q", got, c.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], c.want[i]) || strings.HasSuffix(c.want[i], "|") && got[i] != c.want[i] {
					t.Errorf("found %q, want %q", got[i], c.want[i])
				}
			}
		})
	}
}

// What AMD's driver tells in /sys, and a version of its own where it did not come with the
// kernel.
func TestInventoryOfAnAMDGPU(t *testing.T) {
	const slot = "sys/devices/pci/0000:03:00.0/"
	root := tree(t, map[string]string{
		"dev/dri/renderD128": "", "sys/class/drm/renderD128/device": "->../../../devices/pci/0000:03:00.0",
		slot + "vendor": "0x1002\n", slot + "device": "0x73bf\n", slot + "driver": "->../../drivers/amdgpu",
		"sys/devices/drivers/amdgpu/bind": "", "sys/module/amdgpu/version": "6.7.0\n",
		slot + "mem_info_vram_total": "17163091968\n", slot + "mem_info_vram_used": "100663296\n",
		slot + "gpu_busy_percent": "37\n", slot + "hwmon/hwmon4/temp1_input": "52000\n", slot + "hwmon/hwmon4/power1_average": "61000000\n",
	})
	d := Machine{Root: root}.Inventory(t.Context())[0]
	if d.Name != "AMD GPU 73bf" || d.Driver != "amdgpu 6.7.0" || d.Memory != 17163091968 || d.MemoryUsed != 100663296 {
		t.Errorf("it is %+v", d)
	}
	if got := d.now(); got != "52 °C, 61 W, 37 % busy" {
		t.Errorf("now it is %q", got)
	}
}

// What Intel's xe tells: the temperature of the package is its second one.
func TestInventoryOfAnIntelGPUWithXe(t *testing.T) {
	const slot = "sys/devices/pci/0000:03:00.0/"
	root := tree(t, map[string]string{
		"dev/dri/renderD128": "", "sys/class/drm/renderD128/device": "->../../../devices/pci/0000:03:00.0",
		slot + "vendor": "0x8086\n", slot + "device": "0xe20b\n", slot + "driver": "->../../drivers/xe",
		"sys/devices/drivers/xe/bind": "", "proc/sys/kernel/osrelease": "6.15.0\n",
		slot + "hwmon/hwmon2/temp2_input": "44000\n", slot + "hwmon/hwmon2/temp3_input": "46000\n",
	})
	d := Machine{Root: root}.Inventory(t.Context())[0]
	if d.Name != "Intel GPU e20b" || d.Driver != "xe 6.15.0" || d.Memory != 0 || d.now() != "44 °C" {
		t.Errorf("it is %+v, now %q", d, d.now())
	}
}

func TestRenderNodeThatMayNotBeRead(t *testing.T) {
	if why := unopened("/dev/dri/renderD128", os.ErrPermission); !strings.HasPrefix(why, "no permission on the render node: add the ") || !strings.HasSuffix(why, " user to group render") {
		t.Error(why)
	}
	if why := access(filepath.Join(t.TempDir(), "renderD128")); !strings.HasPrefix(why, "there is no render node /") {
		t.Error(why)
	}
}

// What an operator has hidden from CUDA is not used.
func TestInventoryOfVisibleCards(t *testing.T) {
	for _, c := range []struct{ visible, want []string }{
		{nil, []string{"GPU-1", "GPU-2"}},
		{[]string{"GPU-2"}, []string{"GPU-2"}},
		{[]string{"1", " 0"}, []string{"GPU-1", "GPU-2"}},
		{[]string{"GPU-"}, []string{"GPU-1", "GPU-2"}},
		{[]string{""}, []string{""}}, // one that says that they are hidden
		{[]string{"-1"}, []string{""}},
	} {
		m := Machine{Root: tree(t, nil), Cards: playing("two cards"), Visible: c.visible}
		var got []string
		for _, d := range m.Inventory(t.Context()) {
			if d.API == pipeline.CUDA {
				got = append(got, d.ID)
			}
			if hides := d.Problem == unseen; d.API == pipeline.CUDA && hides != (d.ID == "") {
				t.Errorf("of %q it finds %+v", c.visible, d)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("of %q it finds %q, want %q", c.visible, got, c.want)
		}
	}
}

// What NVIDIA's container runtime was told not to hand over is not told as missing.
func TestInventoryOfWithheldCards(t *testing.T) {
	for name, c := range map[string]struct {
		role  string
		files map[string]string
		want  []string // problems
	}{
		"no driver in the container":        {"no library", nil, []string{withheld}},
		"and the card is seen on the bus":   {"no library", box, []string{withheld}},
		"no card in the container":          {"no cards", nil, []string{withheld}},
		"they are handed over all the same": {"two cards", nil, []string{"", ""}},
	} {
		var got []string
		for _, d := range (Machine{Root: tree(t, c.files), Cards: playing(c.role), Withheld: true}).Inventory(t.Context()) {
			if d.API == pipeline.CUDA {
				got = append(got, d.Problem)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Where the driver does not answer, nothing tells which of the cards on the bus are those
// that the operator has hidden.
func TestInventoryOfHiddenCardsInTrouble(t *testing.T) {
	for role, c := range map[string]struct {
		visible []string
		want    int
	}{
		"no library": {[]string{"GPU-1"}, 0},
		"not loaded": {[]string{""}, 0},
		"lost":       {[]string{"-1"}, 1},    // which says that it is hidden
		"rubbish":    {[]string{"GPU-1"}, 1}, // the one that may be used
	} {
		m := Machine{Root: tree(t, box), Cards: playing(role), Visible: c.visible}
		var got []Device
		for _, d := range m.Inventory(t.Context()) {
			if d.API == pipeline.CUDA {
				got = append(got, d)
			}
		}
		if len(got) != c.want || c.want > 0 && (got[0].PCI != "" || got[0].Problem == "") {
			t.Errorf("%s, of %q: %+v", role, c.visible, got)
		}
	}
}
