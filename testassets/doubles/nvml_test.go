package doubles_test

import (
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/google/go-cmp/cmp"

	"ladderd/testassets/doubles"
)

// sight is what go-nvml sees of a box. Numbers that the driver does not tell are -1.
type sight struct {
	Init   string // what opening said, but for success
	Driver string
	Cards  []seen
}

type seen struct {
	Lost                   bool
	Name, UUID             string
	Total, Used            uint64 // bytes
	Temperature, Power     int    // °C, mW
	Load, Encoder, Decoder int    // percent
	Sessions               int
}

func look() sight {
	if r := nvml.Init(); r != nvml.SUCCESS {
		return sight{Init: nvml.ErrorString(r)}
	}
	defer nvml.Shutdown()
	var s sight
	s.Driver, _ = nvml.SystemGetDriverVersion()
	n, _ := nvml.DeviceGetCount()
	for i := range n {
		card, r := nvml.DeviceGetHandleByIndex(i)
		if r != nvml.SUCCESS {
			s.Cards = append(s.Cards, seen{Lost: r == nvml.ERROR_GPU_IS_LOST})
			continue
		}
		s.Cards = append(s.Cards, examine(card))
	}
	return s
}

func examine(card nvml.Device) seen {
	var c seen
	c.Name, _ = card.GetName()
	c.UUID, _ = card.GetUUID()
	memory, _ := card.GetMemoryInfo()
	c.Total, c.Used = memory.Total, memory.Used
	celsius, r := card.GetTemperature(nvml.TEMPERATURE_GPU)
	c.Temperature = told(celsius, r)
	milliwatts, r := card.GetPowerUsage()
	c.Power = told(milliwatts, r)
	rates, r := card.GetUtilizationRates()
	c.Load = told(rates.Gpu, r)
	load, _, r := card.GetEncoderUtilization()
	c.Encoder = told(load, r)
	load, _, r = card.GetDecoderUtilization()
	c.Decoder = told(load, r)
	c.Sessions, _, _, _ = card.GetEncoderStats()
	return c
}

func told(n uint32, r nvml.Return) int {
	if r != nvml.SUCCESS {
		return -1
	}
	return int(n)
}

func lookAt(t *testing.T, rig *doubles.Rig) sight {
	t.Helper()
	return result[sight](t, rig, task{Look: true})
}

func TestNVMLTellsTheBox(t *testing.T) {
	t.Parallel()
	rig := doubles.New(t, doubles.Box{
		Driver: "535.1",
		Cards: []doubles.Card{
			{Name: "NVIDIA A", Memory: 1024, MemoryUsed: 24, Temperature: 60, Power: 70, Load: 5, EncoderLoad: 6, DecoderLoad: 7},
			{UUID: "GPU-11111111-2222-3333-4444-555555555555"},
		},
	})
	want := sight{Driver: "535.1", Cards: []seen{
		{
			Name: "NVIDIA A", UUID: rig.UUID(0), Total: 1024 << 20, Used: 24 << 20,
			Temperature: 60, Power: 70000, Load: 5, Encoder: 6, Decoder: 7,
		},
		{
			Name: "NVIDIA Double", UUID: "GPU-11111111-2222-3333-4444-555555555555", Total: 8192 << 20,
			Temperature: -1, Power: -1, Load: -1, Encoder: -1, Decoder: -1,
		},
	}}
	if diff := cmp.Diff(want, lookAt(t, rig)); diff != "" {
		t.Error(diff)
	}
}

func TestNVMLTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	cards := []doubles.Card{{}, {}}
	for name, c := range map[string]struct {
		box  doubles.Box
		init string
	}{
		"no driver":    {doubles.Box{Without: doubles.NoDriver}, "ERROR_LIBRARY_NOT_FOUND"},
		"not loaded":   {doubles.Box{Cards: cards, Management: doubles.DriverNotLoaded}, "Driver Not Loaded"},
		"not rebooted": {doubles.Box{Cards: cards, Management: doubles.VersionMismatch}, "Driver/library version mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lookAt(t, doubles.New(t, c.box)); got.Init != c.init {
				t.Errorf("Init: %q, want %q", got.Init, c.init)
			}
		})
	}
	rig := doubles.New(t, doubles.Box{Cards: cards})
	rig.Lose(1)
	if got := lookAt(t, rig); got.Cards[0].Lost || !got.Cards[1].Lost {
		t.Errorf("of two cards the second one lost: %+v", got)
	}
}
