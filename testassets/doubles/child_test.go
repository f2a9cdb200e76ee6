package doubles_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"ladderd/testassets/doubles"
)

// A driver is found when a process starts, so what a test does with one it has this
// binary do in another process, told by the environment and answering on stdout.
const taskKey = "DOUBLES_TEST_TASK"

// task is what a process is to do: one of these.
type task struct {
	Look   bool // by go-nvml
	Encode *encoding
	Decode *decoding
	Filter *filtering
}

func TestMain(m *testing.M) {
	spec := os.Getenv(taskKey)
	if spec == "" {
		os.Exit(m.Run())
	}
	if err := perform(spec); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func perform(spec string) error {
	var t task
	if err := json.Unmarshal([]byte(spec), &t); err != nil {
		return err
	}
	var result any
	switch {
	case t.Look:
		result = look()
	case t.Encode != nil:
		result = t.Encode.run()
	case t.Decode != nil:
		result = t.Decode.run()
	case t.Filter != nil:
		result = t.Filter.run()
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// command is this test binary with a task, on a rig.
func command(t *testing.T, rig *doubles.Rig, work task, env ...string) *exec.Cmd {
	t.Helper()
	spec, err := json.Marshal(work)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), rig.Env()...), env...)
	cmd.Env = append(cmd.Env, taskKey+"="+string(spec))
	cmd.Stderr = os.Stderr
	return cmd
}

// result runs a task in a process of its own, and returns what it answers.
func result[T any](t *testing.T, rig *doubles.Rig, work task, env ...string) T {
	t.Helper()
	var answer T
	out, err := command(t, rig, work, env...).Output()
	if err != nil {
		t.Fatalf("process on the doubles: %v", err)
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("process on the doubles: %v: %q", err, out)
	}
	return answer
}
