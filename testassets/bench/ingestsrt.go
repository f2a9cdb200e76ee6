package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"ladderd/load"
)

// srtMessage is what a message of live mode carries: seven transport packets.
const srtMessage = 7 * 188

// transportStream is a clip as MPEG-TS, without changing its media.
func transportStream(ctx context.Context, file string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-i", file, "-c", "copy", "-f", "mpegts", "-").Output()
	if err != nil {
		return nil, fmt.Errorf("make a transport stream of the clip: %w", err)
	}
	return out, nil
}

// sendSRT publishes a clip of clipSeconds over and over, evenly, until ctx is over.
func sendSRT(ctx context.Context, address string, stream []byte) error {
	conn, err := dialSRT(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	messages := (len(stream) + srtMessage - 1) / srtMessage
	began := time.Now()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(n) * clipSeconds * time.Second / time.Duration(messages))
		if err := sleepUntil(ctx, due); err != nil {
			return err
		}
		at := n % messages * srtMessage
		if _, err := conn.Write(stream[at:min(at+srtMessage, len(stream))]); err != nil {
			return err
		}
	}
}

// dialSRT tries more than once: the library says each thing of the handshake once,
// and the listener may not be there yet.
func dialSRT(ctx context.Context, address string) (gosrt.Conn, error) {
	c := gosrt.DefaultConfig()
	c.StreamId, c.Passphrase, c.ConnectionTimeout = "bench", benchPassphrase, time.Second
	for try := 1; ; try++ {
		conn, err := gosrt.Dial("srt", address, c)
		if err == nil || try == 10 || ctx.Err() != nil {
			return conn, err
		}
	}
}

// liveTransmit is as many srt-live-transmit as there are publishers, which drop what
// they receive: what SRT costs by itself.
type liveTransmit struct {
	addresses []string
	commands  []*exec.Cmd
}

func startLiveTransmit(ctx context.Context, n int) (*liveTransmit, error) {
	l := &liveTransmit{}
	for range n {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			l.stop()
			return nil, err
		}
		port := udp.LocalAddr().(*net.UDPAddr).Port
		udp.Close()
		cmd := exec.CommandContext(ctx, "srt-live-transmit", "-q", "-chunk:1316",
			"srt://127.0.0.1:"+strconv.Itoa(port)+"?mode=listener&passphrase="+benchPassphrase, "file://con")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			l.stop()
			return nil, fmt.Errorf("start srt-live-transmit: %w", err)
		}
		l.commands = append(l.commands, cmd)
		l.addresses = append(l.addresses, "127.0.0.1:"+strconv.Itoa(port))
	}
	return l, nil
}

func (l *liveTransmit) server() *load.Server {
	s := &load.Server{Name: "srt-live-transmit"}
	for _, c := range l.commands {
		s.PIDs = append(s.PIDs, c.Process.Pid)
	}
	return s
}

func (l *liveTransmit) stop() {
	for _, c := range l.commands {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
}
