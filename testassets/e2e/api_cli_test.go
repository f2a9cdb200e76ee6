package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/daemon"
)

// awsCLI is the AWS CLI, as an operator has it who was given an access key.
type awsCLI struct {
	d       *daemon.Daemon
	service string // that is called: "ivs"
}

// command is `aws SERVICE` with these arguments. Settings of whoever runs the tests are left
// out.
func (c awsCLI) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(within(t, time.Minute), "aws", append([]string{"--endpoint-url", c.d.API(), "--output", "json", c.service}, args...)...)
	cmd.Env = append(withoutAWS(os.Environ()),
		"AWS_ACCESS_KEY_ID="+daemon.AccessKey, "AWS_SECRET_ACCESS_KEY="+daemon.SecretKey, "AWS_DEFAULT_REGION="+daemon.Region,
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
	return cmd
}

func withoutAWS(env []string) (kept []string) {
	for _, e := range env {
		if !strings.HasPrefix(e, "AWS_") {
			kept = append(kept, e)
		}
	}
	return kept
}

// run wants an answer, which is empty where the CLI prints nothing.
func (c awsCLI) run(t *testing.T, args ...string) answer {
	t.Helper()
	a := answer{}
	out, err := c.command(t, args...).Output()
	if err != nil {
		t.Fatalf("aws %s %s: %v", c.service, strings.Join(args, " "), said(err))
	}
	if len(out) == 0 {
		return a
	}
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("aws %s %s: %v\n%s", c.service, strings.Join(args, " "), err, out)
	}
	return a
}

// sampled is run for a call whose answer the guide shows.
func (c awsCLI) sampled(t *testing.T, s sample, args ...string) answer {
	t.Helper()
	a := c.run(t, args...)
	c.check(t, a, s, args...)
	return a
}

// check wants all of a sample's fields that this version of the CLI knows. The arguments are
// those of the call, which is not made again: the CLI tells of itself what it would print.
func (c awsCLI) check(t *testing.T, a answer, s sample, args ...string) {
	t.Helper()
	var skeleton answer
	a.check(t, s, func(path string) bool {
		if skeleton == nil {
			skeleton = c.run(t, append(slices.Clone(args), "--generate-cli-skeleton", "output")...)
		}
		return skeleton.at(path) != nil
	})
}

// refused wants an error of that type.
func (c awsCLI) refused(t *testing.T, code string, args ...string) {
	t.Helper()
	_, err := c.command(t, args...).Output()
	if err == nil {
		t.Errorf("aws %s %s: taken, and %s was wanted", c.service, strings.Join(args, " "), code)
		return
	}
	if text := said(err); !strings.Contains(text, "("+code+")") {
		t.Errorf("aws %s %s: %s, and %s was wanted", c.service, strings.Join(args, " "), text, code)
	}
}

// said is what a program that failed wrote.
func said(err error) string {
	if failed, ok := err.(*exec.ExitError); ok {
		return err.Error() + ": " + strings.TrimSpace(string(failed.Stderr))
	}
	return err.Error()
}

// publicKey is a new playback key, made by the commands of the guide (line 6082).
func publicKey(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "priv.pem"},
		{"ec", "-in", "priv.pem", "-pubout", "-out", "public.pem"},
	} {
		cmd := exec.CommandContext(t.Context(), "openssl", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl: %v\n%s", err, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "public.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
