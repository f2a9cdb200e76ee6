package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ladderd/pipeline"
)

// Vendors of PCI, as /sys writes them.
var vendors = map[string]string{"0x8086": "Intel", "0x1002": "AMD", "0x10de": "NVIDIA", "0x1af4": "virtio"}

const nvidiaVendor = "0x10de"

// renderNodes are the devices of VAAPI. NVIDIA's driver has such nodes too, and nothing
// behind them that encodes.
func (m Machine) renderNodes() (devices []Device) {
	paths := m.Nodes
	if len(paths) == 0 {
		paths, _ = filepath.Glob(m.at("/dev/dri/renderD*")) // the pattern is right
	}
	for _, path := range paths {
		d := m.renderNode(path)
		if !strings.HasPrefix(d.Driver, "nvidia") {
			devices = append(devices, d)
		}
	}
	return devices
}

func (m Machine) renderNode(path string) Device {
	name := target(path, "") // a path may be a link, as those below by-path are
	hardware := m.at("/sys/class/drm", name, "device")
	d := Device{
		API: pipeline.VA, ID: path, Driver: m.kernelDriver(target(hardware, "driver")), Load: sensors(hardware),
		Memory: number(hardware, "mem_info_vram_total"), MemoryUsed: number(hardware, "mem_info_vram_used"),
	}
	if slot := target(hardware, ""); strings.Count(slot, ":") == 2 {
		d.PCI = slot
	}
	d.Name = filepath.Base(path)
	if vendor := word(hardware, "vendor"); vendor != "" {
		known := vendors[vendor]
		if known == "" {
			known = "vendor " + vendor
		}
		d.Name = fmt.Sprintf("%s GPU %s", known, strings.TrimPrefix(word(hardware, "device"), "0x"))
	}
	d.Problem = access(d.ID)
	return d
}

// kernelDriver is a driver with its version, which is the kernel's where it came with that.
func (m Machine) kernelDriver(name string) string {
	version := cmp.Or(word(m.at("/sys/module", name), "version"), word(m.at("/proc/sys/kernel"), "osrelease"))
	if name == "" || version == "" {
		return name
	}
	return name + " " + version
}

// sensors is what drivers tell below a device of /sys: amdgpu its load and power, most their
// temperature, in thousandths of a degree. The GPU as a whole is "temp1_input"; Intel's xe
// has it in "temp2_input", and no first (Linux, sysfs-driver-intel-xe-hwmon).
func sensors(hardware string) (l Load) {
	if busy, err := strconv.Atoi(word(hardware, "gpu_busy_percent")); err == nil {
		l.Use = &busy
	}
	monitors, _ := filepath.Glob(filepath.Join(hardware, "hwmon/hwmon*")) // the pattern is right
	for _, monitor := range monitors {
		if thousandths, err := strconv.Atoi(cmp.Or(word(monitor, "temp1_input"), word(monitor, "temp2_input"))); err == nil {
			degrees := thousandths / 1000
			l.Temperature = &degrees
		}
		// In millionths of a watt; which of the two there is, is the driver's choice.
		for _, file := range []string{"power1_average", "power1_input"} {
			if millionths, err := strconv.Atoi(word(monitor, file)); err == nil {
				watts := millionths / 1_000_000
				l.Power = &watts
			}
		}
	}
	return l
}

// number is what a small file of /sys says; 0 where there is none.
func number(dir, file string) uint64 {
	n, err := strconv.ParseUint(word(dir, file), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// access tries what a worker will do first: to open the node.
func access(node string) string {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		return unopened(node, err)
	}
	_ = f.Close() // nothing was written
	return ""
}

func unopened(node string, err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return noPermission(node)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("there is no render node %s: compare render_nodes of the configuration with /dev/dri", node)
	}
	return fmt.Sprintf("the render node does not open: %v", err)
}

// nvidiaSlots are the places of NVIDIA's graphics cards (class 0x03) on the PCI bus.
func (m Machine) nvidiaSlots() (slots []string) {
	paths, _ := filepath.Glob(m.at("/sys/bus/pci/devices/*")) // the pattern is right
	for _, path := range paths {
		if word(path, "vendor") == nvidiaVendor && strings.HasPrefix(word(path, "class"), "0x03") {
			slots = append(slots, filepath.Base(path))
		}
	}
	slices.Sort(slots)
	return slots
}

func (m Machine) at(path ...string) string {
	return filepath.Join(append([]string{m.Root}, path...)...)
}

// word is what a small file of /sys says; empty where there is none.
func word(dir, file string) string {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// target is the last part of what a link of /sys leads to; empty where it leads nowhere.
func target(dir, link string) string {
	path, err := filepath.EvalSymlinks(filepath.Join(dir, link))
	if err != nil {
		return ""
	}
	return filepath.Base(path)
}
