package gpu

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ladderd/pipeline"
)

// Cache keeps proofs in a file. A proof holds for the same device with the same driver,
// the same ladderd, and, but for the CPU, the same place of libraries and drivers; one with a
// failure that may pass does not hold at all.
type Cache struct {
	// Path is the file's, whose folder is made where it is missing. Empty keeps nothing.
	Path string
	// By is ladderd's version, with FFmpeg's.
	By string
}

// kept is what is in the file.
type kept struct {
	By          string  `json:"by"`
	Environment string  `json:"environment"` // a digest
	Proofs      []Proof `json:"proofs"`
}

// Load is what the file has that still holds for the devices, each proof with the
// device as it is now; unknown are the devices for which it has nothing. A file that is
// not there, broken or somebody else's is no error, just empty.
func (c Cache) Load(devices []Device) (known []Proof, unknown []Device) {
	proofs := c.read()
	for _, d := range devices {
		if d.Problem != "" {
			known = append(known, Proof{Device: d, Results: []Result{}}) // nothing can be tried
			continue
		}
		i := slices.IndexFunc(proofs, func(p Proof) bool { return p.Device.same(d) && p.holds() })
		if i < 0 {
			unknown = append(unknown, d)
			continue
		}
		proof := proofs[i]
		proof.Device = d
		known = append(known, proof)
	}
	return known, unknown
}

// holds says whether p still says something. What may pass is tried again at each start:
// an operator who has mended something wants to see that.
func (p Proof) holds() bool {
	return !p.At.IsZero() && len(p.Results) > 0 && !p.passing()
}

func (c Cache) read() []Proof {
	text, err := os.ReadFile(c.Path)
	if err != nil {
		return nil
	}
	var k kept
	if json.Unmarshal(text, &k) != nil || k.By != c.By {
		return nil
	}
	if k.Environment != environment(os.Environ()) {
		k.Proofs = slices.DeleteFunc(k.Proofs, func(p Proof) bool { return p.Device.API != pipeline.CPU })
	}
	return k.Proofs
}

// Save adds proofs to the file, in the place of older ones of the same devices.
// Those of devices that are not there at the moment stay.
func (c Cache) Save(proofs []Proof) error {
	if c.Path == "" {
		return nil
	}
	k := kept{By: c.By, Environment: environment(os.Environ()), Proofs: []Proof{}}
	for _, p := range proofs {
		if !p.At.IsZero() {
			k.Proofs = append(k.Proofs, p)
		}
	}
	for _, old := range c.read() {
		if !slices.ContainsFunc(proofs, func(p Proof) bool { return p.Device.Use() == old.Device.Use() }) {
			k.Proofs = append(k.Proofs, old)
		}
	}
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return fmt.Errorf("keep what the devices do: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o755); err != nil {
		return fmt.Errorf("keep what the devices do: %w", err)
	}
	return replace(c.Path, append(text, '\n'))
}

// replace writes a file so that it is at any time either the old or the new one.
// Everyone may read it: ladderd probe and the daemon are often run by different users.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("keep what the devices do: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, ignoreGone(os.Remove(f.Name())))
		return fmt.Errorf("keep what the devices do: %w", err)
	}
	return nil
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// environment is a digest of what decides which libraries and drivers a worker finds.
func environment(env []string) string {
	var decisive []string
	for _, kv := range env {
		for _, p := range []string{"LD_LIBRARY_PATH=", "LD_PRELOAD=", "LIBVA_", "CUDA_", "NVIDIA_", "MESA_", "DRI_PRIME="} {
			if strings.HasPrefix(kv, p) {
				decisive = append(decisive, kv)
			}
		}
	}
	slices.Sort(decisive)
	sum := sha256.Sum256([]byte(strings.Join(append(decisive, vaDrivers(env)...), "\x00")))
	return hex.EncodeToString(sum[:8])
}

// vaDrivers tells one VAAPI driver from its next version, which nobody can ask for
// without loading it: by size and time of the files.
func vaDrivers(env []string) (files []string) {
	folders := []string{"/usr/lib/*/dri", "/usr/lib/dri", "/usr/lib64/dri"}
	for _, kv := range env {
		if path, ok := strings.CutPrefix(kv, "LIBVA_DRIVERS_PATH="); ok {
			folders = strings.Split(path, ":")
		}
	}
	for _, folder := range folders {
		paths, _ := filepath.Glob(folder + "/*_drv_video.so") // a folder that is no pattern has none
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil {
				files = append(files, fmt.Sprint(path, info.Size(), info.ModTime().UnixNano()))
			}
		}
	}
	return files
}
