package e2e

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"ladderd/testassets/daemon"
	"ladderd/testassets/process"
)

// verification is a run of ladderd verify beside a broadcast.
type verification struct{ *process.Process }

// toTheEnd has ladderd verify follow more than any broadcast here lasts.
const toTheEnd = time.Minute

// startVerify has ladderd verify follow that much of a channel.
func startVerify(t *testing.T, url string, media time.Duration, options ...string) verification {
	t.Helper()
	binary, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(exec.Command(binary, append([]string{"verify", "--duration", media.String(), url}, options...)...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(syscall.SIGKILL, time.Second) })
	return verification{p}
}

// finish waits for the run's end and wants it to have found nothing.
func (v verification) finish(t *testing.T) {
	t.Helper()
	awaitOrFail(t, within(t, time.Minute), "ladderd verify to end", func() (bool, error) { return !v.Running(), nil }, v.Output)
	if err := v.Wait(); err != nil {
		t.Errorf("ladderd verify: %v\n%s", err, v.Output())
	}
}

// TestVerifyExitStatus wants the exit statuses that scripts rely on.
func TestVerifyExitStatus(t *testing.T) {
	t.Parallel()
	binary, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"http://127.0.0.1:1/none.m3u8", "ftp://127.0.0.1/x.m3u8", "none"} {
		out, err := exec.CommandContext(within(t, time.Minute), binary, "verify", url).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%s: %v, not exit status 2\n%s", url, err, out)
		}
	}
}
