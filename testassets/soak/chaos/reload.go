package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// reloading is how long a reload may take.
const reloading = 20 * time.Second

// rewrite is a change of the configuration file as it was in the beginning.
type rewrite struct {
	name    string
	change  func(text string) string
	refused bool // it is no good
}

var rewrites = []rewrite{
	{name: "as in the beginning", change: func(text string) string { return text }},
	{name: "streams are spread", change: pipelineKey(`placement = "spread"`)},
	{name: "what does not fit is shed", change: pipelineKey(`when_full = "shed"`)},
	{name: "no GPU is to be used", change: pipelineKey(`policy = "cpu"`)},
	{name: "no CPU is to be used", change: pipelineKey(`policy = "gpu"`)},
	{name: "a channel has room reserved", change: lastly("reserved = true\n")},
	{name: "there is another channel", change: lastly("[[channel]]\nid = \"guest\"\nname = \"guest\"\ntype = \"BASIC\"\nstream_key = \"sk_soak_channel_guest\"\n")},
	{name: "a file that is no good", change: lastly("nonsense = 1\n"), refused: true},
}

func pipelineKey(line string) func(string) string {
	return func(text string) string { return strings.Replace(text, "[pipeline]\n", "[pipeline]\n"+line+"\n", 1) }
}

// lastly adds to what the file ends with, which is a channel.
func lastly(lines string) func(string) string {
	return func(text string) string { return text + lines }
}

// readConfig keeps the file as it is in the beginning.
func (s *stage) readConfig() error {
	text, err := os.ReadFile(filepath.Join(s.daemon.Folder(), "ladderd.toml"))
	s.config = string(text)
	return err
}

// configChanges has the daemon read another file. That it is taken, or not, is to be as
// is expected of the file.
func (s *stage) configChanges(ctx context.Context) (string, error) {
	r := rewrites[s.random.IntN(len(rewrites))]
	ctx, cancel := context.WithTimeout(ctx, reloading)
	defer cancel()
	h, err := s.daemon.Reload(ctx, func(string) string { return r.change(s.config) })
	if err != nil {
		return "", err
	}
	if refused := h.Reloaded.Result == "refused"; refused != r.refused {
		s.report.Faults = append(s.report.Faults, fmt.Sprintf("a reload (%s) was %s: %s", r.name, h.Reloaded.Result, h.ConfigError))
	}
	return r.name, nil
}
