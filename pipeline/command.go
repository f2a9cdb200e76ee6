package pipeline

import (
	"os"
	"os/exec"
	"strings"
)

// selfCommand runs this binary again as a worker.
func selfCommand() *exec.Cmd { return exec.Command(ownBinary(), "worker") }

// Self runs this binary again with other arguments and a worker's environment: for what
// loads drivers and therefore stays out of the daemon.
func Self(args ...string) *exec.Cmd {
	cmd := exec.Command(ownBinary(), args...)
	cmd.Env = workerEnv(os.Environ())
	return cmd
}

// ownBinary is this process's own file, so that both ends always speak the same
// protocol: by its path while that leads to it, because a process is listed by
// the name it was started under, else, after an upgrade, by way of the kernel.
func ownBinary() string {
	const running = "/proc/self/exe"
	path, err := os.Executable()
	if err != nil {
		return running
	}
	a, errA := os.Stat(path)
	b, errB := os.Stat(running)
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		return running
	}
	return path
}

// passed is what of the daemon's environment a worker needs: where libraries and
// drivers are found and how the Go runtime and they are set up. All else, such as
// credentials, stays out of the process that reads strangers' media.
var passed = []string{
	"PATH=", "HOME=", "TMPDIR=", "LANG=", "LC_ALL=", "TZ=", "XDG_RUNTIME_DIR=",
	"LD_LIBRARY_PATH=", "LD_PRELOAD=", "LIBVA_", "MESA_", "CUDA_", "NVIDIA_", "DRI_PRIME=",
	"GOMAXPROCS=", "GOMEMLIMIT=", "GOGC=", "GODEBUG=", "GOTRACEBACK=", "GOCOVERDIR=",
	"ASAN_OPTIONS=",
}

func workerEnv(env []string) []string {
	kept := []string{} // not nil, which exec takes for all of the environment
	for _, kv := range env {
		for _, p := range passed {
			if strings.HasPrefix(kv, p) {
				kept = append(kept, kv)
				break
			}
		}
	}
	return kept
}
