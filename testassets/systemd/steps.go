package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ladderd/testassets/process"
)

const unit = "ladderd.service"

// configuration is what the service runs on, but for its first seconds: all that opens files
// and sockets, in the sandbox.
const configuration = `[server]
drain = "5m"
[ingest]
reconnect_window = "0s"
[ingest.rtmp]
listen = ":1935"
[playback]
listen = ":8080"
[metrics]
listen = "127.0.0.1:9090"
[ingest.srt]
listen = ":9000"
[api]
listen = "127.0.0.1:8070"
[[api.access_key]]
id = "AKIDEXAMPLE0000000001"
secret = "change-me-to-40-random-characters"
policy = "IVSFullAccess"
[[events.webhook]]
url = "http://127.0.0.1:1/"
secret = "change-me-to-32-random-characters"
[pipeline]
backend = "x264"
[[channel]]
id = "studio"
type = "ADVANCED_SD"
stream_key = "sk_local_studio_0001"
insecure_ingest = true
[[channel]]
id = "stuck"
type = "BASIC"
stream_key = "sk_local_stuck_00001"
insecure_ingest = true
`

const configFile = "/etc/ladderd/ladderd.toml"

// want is an error where a thing is not as it should be.
func want(is bool, format string, args ...any) error {
	if is {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// status is the line of systemctl status.
func (t *trial) status() string { return t.property(unit, "StatusText") }

// mainPID is the daemon's, in the machine.
func (t *trial) mainPID() string { return t.property(unit, "MainPID") }

// says waits until the status has a text.
func (t *trial) says(text string) error {
	return t.until(t.ctx, fmt.Sprintf("the status to say %q", text), func() bool { return strings.Contains(t.status(), text) })
}

// active waits until the service runs, as another process than before.
func (t *trial) active(before string) error {
	return t.until(t.ctx, "the service to run", func() bool {
		return t.property(unit, "ActiveState") == "active" && t.mainPID() != before && t.mainPID() != "0"
	})
}

func (t *trial) write(path, text string) error {
	path = filepath.Join(t.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// configure has the service take a configuration; its owner and mode stay.
func (t *trial) configure(text string) error {
	if err := os.WriteFile(filepath.Join(t.root, configFile), []byte(text), 0o640); err != nil {
		return err
	}
	_, err := t.run("systemctl", "reload", unit)
	return err
}

// publish has ffmpeg send a small broadcast, and waits until it is live.
func (t *trial) publish(channel, key string) (*process.Process, error) {
	p, err := process.Start(t.beside("ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30", "-b:v", "500k",
		"-f", "flv", "rtmp://127.0.0.1:1935/app/"+key))
	if err != nil {
		return nil, err
	}
	err = t.until(t.ctx, "channel "+channel+" to be live", func() bool {
		s, live := t.stream(channel)
		return live && s.Started
	})
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, p.Output())
		_ = p.Stop(syscall.SIGKILL, time.Second)
	}
	return p, err
}

// live is a stream in /healthz.
type live struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Started bool   `json:"started"`
	Worker  struct {
		PID      int `json:"pid"`
		Restarts int `json:"restarts"`
	} `json:"worker"`
}

func (t *trial) stream(channel string) (live, bool) {
	var health struct {
		Streams []live `json:"streams"`
	}
	_, body := t.get("/healthz")
	if json.Unmarshal([]byte(body), &health) != nil {
		return live{}, false
	}
	for _, s := range health.Streams {
		if s.Channel == channel {
			return s, true
		}
	}
	return live{}, false
}

func reloads(t *trial) error {
	pid := t.mainPID()
	if err := t.configure(configuration); err != nil {
		return err
	}
	if err := t.says("configuration taken"); err != nil {
		return err
	}
	if err := want(t.mainPID() == pid, "it is another process"); err != nil {
		return err
	}
	// The other listeners take a restart.
	if _, err := t.run("systemctl", "restart", unit); err != nil {
		return err
	}
	_, health := t.get("/healthz")
	return errors.Join(
		want(strings.Contains(health, `"api":{`) && t.has("/var/lib/ladderd/ladderd.db"), "the API is not there: %s", health),
		want(t.property(unit, "NRestarts") == "0", "it was restarted by systemd"))
}

func streams(t *trial) error {
	p, err := t.publish("studio", "sk_local_studio_0001")
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop(syscall.SIGKILL, time.Second) }()
	if err := t.says("1 live"); err != nil {
		return err
	}
	s, _ := t.stream("studio")
	lines, err := t.run("journalctl", "--no-pager", "--output=json", "CHANNEL=studio", "STREAM="+s.ID)
	if err != nil {
		return err
	}
	var first struct {
		Message    string `json:"MESSAGE"`
		Priority   string `json:"PRIORITY"`
		Identifier string `json:"SYSLOG_IDENTIFIER"`
		Unit       string `json:"_SYSTEMD_UNIT"`
	}
	line, _, _ := strings.Cut(lines, "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		return fmt.Errorf("the journal says %q: %w", lines, err)
	}
	seen, err := t.run("cat", fmt.Sprintf("/proc/%d/environ", s.Worker.PID))
	return errors.Join(err,
		want(first.Priority == "6" && first.Identifier == "ladderd" && first.Unit == unit && strings.HasPrefix(first.Message, "publisher accepted "), "the first line is %+v", first),
		want(strings.Contains(seen, "PATH=") && !strings.Contains(seen, "NOTIFY_SOCKET") && !strings.Contains(seen, "WATCHDOG") && !strings.Contains(seen, "LISTEN_"), "a worker has %q", seen))
}

func refuses(t *trial) error {
	p, err := t.publish("studio", "sk_local_studio_0001")
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop(syscall.SIGKILL, time.Second) }()
	before, _ := t.stream("studio")
	if err := t.configure(configuration + "nonsense = 1\n"); err != nil {
		return err
	}
	const wrong = "channel.nonsense: unknown"
	if err := errors.Join(t.says("CONFIGURATION REFUSED"), t.says(wrong)); err != nil {
		return err
	}
	_, health := t.get("/healthz")
	log, _ := t.run("journalctl", "--no-pager", "--unit="+unit, "--priority=err", "--output=cat")
	after, _ := t.stream("studio")
	err = errors.Join(
		want(strings.Contains(health, wrong), "/healthz says %s", health),
		want(strings.Contains(log, wrong), "the journal's errors are %s", log),
		want(after.ID == before.ID, "the stream is another one"),
		t.configure(configuration))
	return errors.Join(err, t.says("configuration taken"))
}

// drains has a timeout of 5 s and a drain of up to 5 minutes.
func drains(t *trial) error {
	p, err := t.publish("studio", "sk_local_studio_0001")
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop(syscall.SIGKILL, time.Second) }()
	if err := t.dropIn("[Service]\nTimeoutStopSec=3\nWatchdogSec=3\n"); err != nil {
		return err
	}
	if _, err := t.run("systemctl", "stop", "--no-block", unit); err != nil {
		return err
	}
	asked := time.Now()
	if err := t.says("draining: 1 live"); err != nil {
		return err
	}
	code, body := t.get("/readyz")
	if err := want(code == 503 && strings.TrimSpace(body) == "draining", "/readyz: %d %s", code, body); err != nil {
		return err
	}
	err = t.until(t.ctx, "both timeouts to be over", func() bool { return time.Since(asked) > 8*time.Second })
	if err := errors.Join(err, want(p.Running() && t.property(unit, "ActiveState") == "deactivating", "it is %s", t.property(unit, "ActiveState"))); err != nil {
		return err
	}
	_ = p.Stop(syscall.SIGINT, 5*time.Second)
	err = t.until(t.ctx, "the service to end", func() bool { return t.property(unit, "ActiveState") == "inactive" })
	_, start := t.run("systemctl", "start", unit)
	return errors.Join(err, want(t.property(unit, "Result") == "success", "it ended by %s", t.property(unit, "Result")), start, t.dropIn(""))
}

// dropIn changes the unit; nothing changes it back.
func (t *trial) dropIn(text string) error {
	const file = "/etc/systemd/system/ladderd.service.d/test.conf"
	var err error
	if text == "" {
		err = os.Remove(filepath.Join(t.root, file))
	} else {
		err = t.write(file, text)
	}
	_, reload := t.run("systemctl", "daemon-reload")
	return errors.Join(err, reload)
}

func sockets(t *trial) error {
	if _, err := t.run("systemctl", "stop", unit); err != nil {
		return err
	}
	units := []string{"ladderd-rtmp.socket", "ladderd-playback.socket", "ladderd-metrics.socket"}
	if _, err := t.run(append([]string{"systemctl", "start"}, units...)...); err != nil {
		return err
	}
	if err := want(t.property(unit, "ActiveState") == "inactive", "it runs"); err != nil {
		return err
	}
	if err := t.until(t.ctx, "a request to start the service", func() bool { code, _ := t.get("/readyz"); return code == 200 }); err != nil {
		return err
	}
	// From here on nobody may be refused: a connection waits.
	refused, done, ended := 0, make(chan struct{}), make(chan int)
	go func() {
		asked := 0
		defer func() { ended <- asked }()
		for {
			select {
			case <-done:
				return
			default:
			}
			if conn, err := t.dial(t.ctx, "tcp", "127.0.0.1:1935"); err != nil {
				refused++
			} else {
				conn.Close()
			}
			asked++
			time.Sleep(time.Millisecond)
		}
	}()
	before := t.mainPID()
	_, err := t.run("systemctl", "restart", unit)
	err = errors.Join(err, t.active(before))
	close(done)
	asked := <-ended
	err = errors.Join(err, want(refused == 0 && asked > 10, "%d of %d connections were refused", refused, asked))
	p, published := t.publish("studio", "sk_local_studio_0001")
	if published == nil {
		_ = p.Stop(syscall.SIGKILL, time.Second)
	}
	_, stop := t.run(append([]string{"systemctl", "stop"}, units...)...)
	_, restart := t.run("systemctl", "restart", unit)
	return errors.Join(err, published, stop, restart)
}
