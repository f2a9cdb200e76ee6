package nvidia

import (
	"bytes"
	"strings"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock"
)

// driver is a library with these cards, which lacks some symbols. The mock panics when
// something is called that it was not given.
func driver(cards []nvml.Device, lacks ...string) *mock.Interface {
	return &mock.Interface{
		InitFunc:                   func() nvml.Return { return nvml.SUCCESS },
		SystemGetDriverVersionFunc: func() (string, nvml.Return) { return "535.161.08", nvml.SUCCESS },
		DeviceGetCountFunc:         func() (int, nvml.Return) { return len(cards), nvml.SUCCESS },
		DeviceGetHandleByIndexFunc: func(i int) (nvml.Device, nvml.Return) {
			if cards[i] == nil {
				return nil, nvml.ERROR_GPU_IS_LOST
			}
			return cards[i], nvml.SUCCESS
		},
		ExtensionsFunc: func() nvml.ExtendedInterface {
			return &mock.ExtendedInterface{LookupSymbolFunc: func(name string) error {
				for _, lack := range lacks {
					if strings.HasPrefix(name, lack) {
						return nvml.ERROR_FUNCTION_NOT_FOUND
					}
				}
				return nil
			}}
		},
	}
}

func card(uuid string) *mock.Device {
	return &mock.Device{
		GetNameFunc: func() (string, nvml.Return) { return "NVIDIA T4", nvml.SUCCESS },
		GetUUIDFunc: func() (string, nvml.Return) { return uuid, nvml.SUCCESS },
		GetPciInfoFunc: func() (nvml.PciInfo, nvml.Return) {
			var pci nvml.PciInfo
			for i, c := range []byte("00000000:3B:00.0") {
				pci.BusId[i] = int8(c)
			}
			return pci, nvml.SUCCESS
		},
		GetMemoryInfoFunc: func() (nvml.Memory, nvml.Return) {
			return nvml.Memory{Total: 16 << 30, Used: 1 << 30}, nvml.SUCCESS
		},
		GetTemperatureFunc:        func(nvml.TemperatureSensors) (uint32, nvml.Return) { return 41, nvml.SUCCESS },
		GetUtilizationRatesFunc:   func() (nvml.Utilization, nvml.Return) { return nvml.Utilization{Gpu: 7}, nvml.SUCCESS },
		GetEncoderUtilizationFunc: func() (uint32, uint32, nvml.Return) { return 3, 0, nvml.SUCCESS },
		GetDecoderUtilizationFunc: func() (uint32, uint32, nvml.Return) { return 0, 0, nvml.ERROR_NOT_SUPPORTED },
		GetPowerUsageFunc:         func() (uint32, nvml.Return) { return 33_400, nvml.SUCCESS },
		GetMigModeFunc:            func() (int, int, nvml.Return) { return 0, 0, nvml.ERROR_NOT_SUPPORTED },
	}
}

func TestReport(t *testing.T) {
	const told = `{"index":0,"uuid":"GPU-1","name":"NVIDIA T4","pci":"0000:3b:00.0","memory":17179869184,"memory_used":1073741824,"temperature":41,"use":7,"encoder_use":3,"power":33}`
	lost := card("GPU-2")
	lost.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{}, nvml.ERROR_GPU_IS_LOST }
	for name, c := range map[string]struct {
		lib  *mock.Interface
		from int
		want []string
	}{
		"a card":              {driver([]nvml.Device{card("GPU-1")}), 0, []string{`{"driver":"535.161.08","cards":1}`, told}},
		"no library":          {&mock.Interface{InitFunc: func() nvml.Return { return nvml.ERROR_LIBRARY_NOT_FOUND }}, 0, []string{`{"cards":0,"failure":"library not found"}`}},
		"an unknown failure":  {&mock.Interface{InitFunc: func() nvml.Return { return 4711 }}, 0, []string{`{"cards":0,"failure":"NVML error 4711"}`}},
		"no cards":            {driver(nil), 0, []string{`{"driver":"535.161.08","cards":0}`}},
		"a lost card":         {driver([]nvml.Device{nil, card("GPU-1")}), 0, []string{`{"driver":"535.161.08","cards":2}`, `{"index":0,"failure":"gpu is lost"}`, strings.Replace(told, `"index":0`, `"index":1`, 1)}},
		"a card lost by then": {driver([]nvml.Device{lost}), 0, []string{`{"driver":"535.161.08","cards":1}`, `{"index":0,"uuid":"GPU-2","name":"NVIDIA T4","pci":"0000:3b:00.0","failure":"gpu is lost"}`}},
		"from a card on":      {driver([]nvml.Device{nil, nil}), 1, []string{`{"driver":"535.161.08","cards":2}`, `{"index":1,"failure":"gpu is lost"}`}},
		"an old library": {driver([]nvml.Device{card("GPU-1")}, "nvmlDeviceGetEncoderUtilization", "nvmlDeviceGetMig", "nvmlDeviceGetTemperature", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetPowerUsage"), 0,
			[]string{`{"driver":"535.161.08","cards":1}`, `{"index":0,"uuid":"GPU-1","name":"NVIDIA T4","pci":"0000:3b:00.0","use":7}`}},
		"a library without cards' names": {driver([]nvml.Device{card("GPU-1")}, "nvmlDeviceGet"), 0, []string{`{"cards":0,"failure":"function not found"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Report(&out, c.lib, c.from); err != nil {
				t.Fatal(err)
			}
			if got, want := out.String(), strings.Join(c.want, "\n")+"\n"; got != want {
				t.Errorf("it says\n%swant\n%s", got, want)
			}
		})
	}
}

// CUDA does not take a card in MIG mode, but its instances.
func TestReportOfInstances(t *testing.T) {
	whole := card("GPU-1")
	whole.GetMigModeFunc = func() (int, int, nvml.Return) { return nvml.DEVICE_MIG_ENABLE, 0, nvml.SUCCESS }
	whole.GetMaxMigDeviceCountFunc = func() (int, nvml.Return) { return 2, nvml.SUCCESS }
	whole.GetMigDeviceHandleByIndexFunc = func(i int) (nvml.Device, nvml.Return) {
		if i == 0 {
			return nil, nvml.ERROR_NOT_FOUND
		}
		return card("MIG-1"), nvml.SUCCESS
	}
	var out bytes.Buffer
	if err := Report(&out, driver([]nvml.Device{whole}), 0); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "GPU-1") || strings.Count(text, `"uuid":"MIG-1"`) != 1 {
		t.Errorf("it says\n%s", text)
	}
}
