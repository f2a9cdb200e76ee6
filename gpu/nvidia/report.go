package nvidia

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// failures are NVML's return values in words that the gpu package knows. The library's
// own words would need one call more of it.
var failures = map[nvml.Return]string{
	nvml.ERROR_LIBRARY_NOT_FOUND:         "library not found",
	nvml.ERROR_DRIVER_NOT_LOADED:         "driver not loaded",
	nvml.ERROR_LIB_RM_VERSION_MISMATCH:   "driver/library version mismatch",
	nvml.ERROR_NO_PERMISSION:             "no permission",
	nvml.ERROR_GPU_IS_LOST:               "gpu is lost",
	nvml.ERROR_IRQ_ISSUE:                 "irq issue",
	nvml.ERROR_INSUFFICIENT_POWER:        "insufficient power",
	nvml.ERROR_RESET_REQUIRED:            "reset required",
	nvml.ERROR_OPERATING_SYSTEM:          "blocked by the operating system",
	nvml.ERROR_FUNCTION_NOT_FOUND:        "function not found",
	nvml.ERROR_NOT_FOUND:                 "not found",
	nvml.ERROR_TIMEOUT:                   "timeout",
	nvml.ERROR_GPU_NOT_FOUND:             "gpu not found",
	nvml.ERROR_CORRUPTED_INFOROM:         "corrupted inforom",
	nvml.ERROR_INSUFFICIENT_RESOURCES:    "insufficient resources",
	nvml.ERROR_NOT_SUPPORTED:             "not supported",
	nvml.ERROR_MEMORY:                    "insufficient memory",
	nvml.ERROR_NO_DATA:                   "no data",
	nvml.ERROR_FREQ_NOT_SUPPORTED:        "frequency not supported",
	nvml.ERROR_ARGUMENT_VERSION_MISMATCH: "argument version mismatch",
}

func failure(r nvml.Return) string {
	if words, known := failures[r]; known {
		return words
	}
	return fmt.Sprintf("NVML error %d", int(r))
}

// Report writes what the library tells of its cards from index on. The error is w's;
// what fails in the library is in what is written.
func Report(w io.Writer, lib nvml.Interface, from int) error {
	out := json.NewEncoder(w)
	if r := lib.Init(); r != nvml.SUCCESS {
		return out.Encode(Head{Failure: failure(r)})
	}
	// Shutdown is left out: the process ends, and a sick driver may hang in it.
	l := library{lib}
	head := l.head()
	if err := out.Encode(head); err != nil {
		return err
	}
	for i := from; i < head.Cards; i++ {
		for _, card := range l.cards(i) {
			if err := out.Encode(card); err != nil {
				return err
			}
		}
	}
	return nil
}

// library asks only for what the loaded library has: a call of a missing symbol ends the
// process.
type library struct{ nvml.Interface }

func (l library) has(symbols ...string) bool {
	for _, s := range symbols {
		if l.Extensions().LookupSymbol(s) == nil {
			return true
		}
	}
	return false
}

func (l library) head() (h Head) {
	if !l.has("nvmlDeviceGetCount_v2", "nvmlDeviceGetCount") || !l.has("nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex") {
		return Head{Failure: failures[nvml.ERROR_FUNCTION_NOT_FOUND]}
	}
	if l.has("nvmlSystemGetDriverVersion") {
		h.Driver, _ = l.SystemGetDriverVersion() // empty where it fails
	}
	n, r := l.DeviceGetCount()
	if r != nvml.SUCCESS {
		h.Failure = failure(r)
		return h
	}
	h.Cards = n
	return h
}

// cards is the card at index i, or its instances.
func (l library) cards(i int) []Card {
	device, r := l.DeviceGetHandleByIndex(i)
	if r != nvml.SUCCESS {
		return []Card{{Index: i, Failure: failure(r)}}
	}
	whole := l.card(i, device)
	if instances := l.instances(device, whole); len(instances) > 0 {
		return instances
	}
	return []Card{whole}
}

func (l library) card(i int, device nvml.Device) Card {
	c := Card{Index: i}
	if l.has("nvmlDeviceGetName") {
		c.Name, _ = device.GetName()
	}
	if l.has("nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo") {
		if pci, r := device.GetPciInfo(); r == nvml.SUCCESS {
			c.PCI = slot(pci)
		}
	}
	r := nvml.Return(nvml.ERROR_FUNCTION_NOT_FOUND)
	if l.has("nvmlDeviceGetUUID") {
		c.UUID, r = device.GetUUID()
	}
	if r != nvml.SUCCESS {
		c.UUID, c.Failure = "", failure(r)
		return c
	}
	if l.has("nvmlDeviceGetMemoryInfo") {
		memory, r := device.GetMemoryInfo()
		if r == nvml.SUCCESS {
			c.Memory, c.MemoryUsed = memory.Total, memory.Used
		}
		if r == nvml.ERROR_GPU_IS_LOST {
			c.Failure = failure(r)
			return c
		}
	}
	l.load(&c, device)
	return c
}

// load is what the card does at the moment.
func (l library) load(c *Card, device nvml.Device) {
	if l.has("nvmlDeviceGetTemperature") {
		t, r := device.GetTemperature(nvml.TEMPERATURE_GPU)
		c.Temperature = told(t, r)
	}
	if l.has("nvmlDeviceGetUtilizationRates") {
		u, r := device.GetUtilizationRates()
		c.Use = told(u.Gpu, r)
	}
	if l.has("nvmlDeviceGetEncoderUtilization") {
		u, _, r := device.GetEncoderUtilization()
		c.EncoderUse = told(u, r)
	}
	if l.has("nvmlDeviceGetDecoderUtilization") {
		u, _, r := device.GetDecoderUtilization()
		c.DecoderUse = told(u, r)
	}
	if l.has("nvmlDeviceGetPowerUsage") {
		milliwatts, r := device.GetPowerUsage()
		c.Power = told(milliwatts/1000, r)
	}
}

func told(value uint32, r nvml.Return) *int {
	if r != nvml.SUCCESS {
		return nil
	}
	n := int(value)
	return &n
}

// instances are the parts of a card in MIG mode, which CUDA takes instead of the card.
func (l library) instances(device nvml.Device, whole Card) (parts []Card) {
	if !l.has("nvmlDeviceGetMigMode") || !l.has("nvmlDeviceGetMaxMigDeviceCount") || !l.has("nvmlDeviceGetMigDeviceHandleByIndex") {
		return nil
	}
	mode, _, r := device.GetMigMode()
	if r != nvml.SUCCESS || mode != nvml.DEVICE_MIG_ENABLE {
		return nil
	}
	most, r := device.GetMaxMigDeviceCount()
	if r != nvml.SUCCESS {
		return nil
	}
	for i := range most {
		instance, r := device.GetMigDeviceHandleByIndex(i)
		if r != nvml.SUCCESS {
			continue // not every place is taken
		}
		part := l.card(whole.Index, instance)
		part.PCI = whole.PCI
		parts = append(parts, part)
	}
	return parts
}

// slot is the card's place as the kernel writes it, from NVML's "00000000:65:00.0".
func slot(pci nvml.PciInfo) string {
	var text strings.Builder
	for _, c := range pci.BusId {
		if c == 0 {
			break
		}
		text.WriteByte(byte(c))
	}
	place := strings.ToLower(text.String())
	if domain, rest, ok := strings.Cut(place, ":"); ok && len(domain) == 8 {
		return strings.TrimPrefix(domain, "0000") + ":" + rest
	}
	return place
}
