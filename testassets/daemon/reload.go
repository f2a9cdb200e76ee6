package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"ladderd/testassets/await"
)

const configFile = "ladderd.toml"

// Reload rewrites the daemon's configuration file and has it read again. It returns when
// that is done, with the health that says what came of it.
func (d *Daemon) Reload(ctx context.Context, rewrite func(string) string) (Health, error) {
	file := filepath.Join(d.dir, configFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return Health{}, fmt.Errorf("reload: %w", err)
	}
	if err := os.WriteFile(file, []byte(rewrite(string(text))), 0o600); err != nil {
		return Health{}, fmt.Errorf("reload: %w", err)
	}
	before, err := d.Health(ctx)
	if err != nil {
		return Health{}, err
	}
	if err := d.Signal(syscall.SIGHUP); err != nil {
		return Health{}, fmt.Errorf("reload: %w", err)
	}
	var after Health
	err = await.Until(ctx, "the reload", nil, func() (done bool, err error) {
		after, err = d.Health(ctx)
		return !after.Reloaded.At.Equal(before.Reloaded.At), err
	})
	return after, err
}
