package gpu

import (
	"os"
	"runtime"
	"strings"

	"ladderd/pipeline"
)

// cpu is the processor, a device like the others. Go's own limit of threads is what
// affinity and cgroups leave of its cores.
func (m Machine) cpu() Device {
	d := Device{API: pipeline.CPU, Name: "CPU", Cores: runtime.GOMAXPROCS(0)}
	text, err := os.ReadFile(m.at("/proc/cpuinfo"))
	if err != nil {
		return d
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "model name" {
			d.Name = strings.TrimSpace(value)
			break
		}
	}
	return d
}
