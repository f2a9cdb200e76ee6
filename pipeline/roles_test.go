package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladderd/media"
)

// The test binary runs itself as a worker that plays a role.
const roleEnv = "PIPELINE_TEST_ROLE"

var roles = map[string]func(*Conn){
	"echo":    echo,
	"exit":    func(*Conn) { os.Exit(7) },
	"give up": func(*Conn) { os.Exit(int(ExitGiveUp)) },
	"failed": func(c *Conn) {
		_ = c.Send(Failed{Reason: "no such device", Code: ExitGiveUp})
		os.Exit(int(ExitGiveUp))
	},
	"panic":   func(*Conn) { panic("encoder lost") },
	"rubbish": func(c *Conn) { _, _ = c.sock.Write(bytes.Repeat([]byte{0xa5}, 100)); block() },
	"hang up": func(c *Conn) { _ = c.Send(Ready{}); _ = c.Close(); block() },
	"deaf":    func(c *Conn) { _ = c.Send(Ready{}); beat(c); block() },
	"flood":   flood,
	"daemon":  func(*Conn) { playDaemon() },
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleEnv)
	if role == "" {
		goleak.VerifyTestMain(m)
		return
	}
	var conn *Conn
	if role != "daemon" {
		c, err := ChildConn()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		conn = c
	}
	roles[role](conn)
}

// block outlives everything but a signal.
func block() { <-time.After(time.Hour) }

// beat sends heartbeats that tell of no progress.
func beat(c *Conn) {
	go func() {
		for c.Send(Progress{}) == nil {
			<-time.After(HeartbeatPeriod / 10)
		}
	}()
}

// echo puts out every video packet past the job's resume point in each of the
// job's outputs.
func echo(c *Conn) {
	m, _ := c.Receive()
	job, ok := m.(Job)
	if !ok || c.Send(Ready{Encoders: []string{"echo"}}) != nil {
		os.Exit(1)
	}
	beat(c)
	begun := false
	for {
		switch m, err := c.Receive(); m := m.(type) {
		case Drain:
			os.Exit(0)
		case Input:
			p := m.Packet
			begun = begun || p.Key && p.PTS > job.After
			if !begun || p.Kind == media.Audio {
				continue
			}
			p.Video = &job.Video
			for i := range job.Videos {
				_ = c.Send(Output{Index: i, Packet: p})
			}
		default:
			fmt.Fprintln(os.Stderr, "daemon has gone:", err)
			os.Exit(1)
		}
	}
}

// flood never stops to put out and to complain.
func flood(c *Conn) {
	_ = c.Send(Ready{})
	go func() {
		for {
			fmt.Fprintln(os.Stderr, strings.Repeat("driver: no luck ", 500))
		}
	}()
	for pts := media.Ticks(1); ; pts++ {
		p := video(pts, true)
		p.Data = append([]byte{0, 1, 0, 0}, make([]byte, 1<<16)...)
		p.Video = &testVideo
		if c.Send(Log{Text: "late"}) != nil || c.Send(Output{Packet: p}) != nil {
			os.Exit(1)
		}
	}
}

// playDaemon supervises a worker that hangs, and waits to be killed. Its standard
// output is the worker's too.
func playDaemon() {
	s, err := Start(periodic, Options{Command: func() *exec.Cmd {
		cmd := as("deaf")
		cmd.Stdout = os.Stdout
		return cmd
	}})
	if err != nil {
		os.Exit(1)
	}
	for s.Snapshot().Progress.PacketsIn == 0 && s.PID() == 0 {
		_ = s.Write(audio(0))
	}
	fmt.Println("running")
	block()
}

// as is a command that plays role.
func as(role string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	return cmd
}

// TestWorkerDiesWithTheDaemon kills a daemon whose worker hears nothing: the
// pipe that both hold ends only when both are dead.
func TestWorkerDiesWithTheDaemon(t *testing.T) {
	cmd := as("daemon")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("running\n"))
	if _, err := io.ReadFull(stdout, line); err != nil {
		t.Errorf("the daemon did not start: %v", err)
	}
	_ = cmd.Process.Kill()
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
}
