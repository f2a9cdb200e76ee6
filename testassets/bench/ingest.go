package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"ladderd/ladder"
	"ladderd/load"
	"ladderd/load/proc"
	"ladderd/testassets/daemon"
	"ladderd/testassets/pki"
	"ladderd/testassets/publish"
)

type ingestCommand struct {
	output
	Protocols    []string `default:"rtmp,rtmps,srt" enum:"rtmp,rtmps,srt" help:"What publishers speak, one run after another; SRT is encrypted."`
	Publishers   int      `default:"20" help:"How many publish at once to the protocol's server alone."`
	Bitrate      int      `default:"8500000" help:"Of each one's video, in bits per second."`
	Rounds       int      `default:"3" help:"How often that is measured."`
	CrowdBy      []string `default:"rtmp,rtmps" enum:"rtmp,rtmps" help:"What the crowd speaks."`
	Crowd        int      `default:"200" help:"How many publish at once to BASIC channels of the daemon."`
	CrowdBitrate int      `default:"3300000" help:"Of each of those, in bits per second."`
	Seconds      int      `default:"10" help:"How long each run is measured."`
}

// settling is how long publishers send before it is measured: the first seconds
// have the handshakes in them.
const settling = 6 * time.Second

// apart is how long after one another publishers begin.
const apart = 20 * time.Millisecond

// baselines is what each protocol is measured beside: the same bytes, only read.
var baselines = map[string]string{"rtmp": "tcp", "rtmps": "tls", "srt": "srt-live-transmit"}

func (c *ingestCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, _, err := pki.Write(dir); err != nil {
		return err
	}
	r := &ingestReport{
		Publishers: c.Publishers, Bitrate: c.Bitrate, Crowd: c.Crowd, CrowdBitrate: c.CrowdBitrate,
		Seconds: c.Seconds, Load: []string{machineLoad()},
	}
	if err := c.alone(ctx, dir, r); err != nil {
		return err
	}
	if err := c.crowds(ctx, dir, r); err != nil {
		return err
	}
	r.judge()
	return c.print(r)
}

// alone measures the protocols' servers with nothing behind them, in turn with
// their baselines.
func (c *ingestCommand) alone(ctx context.Context, dir string, r *ingestReport) error {
	b, err := c.broadcast(ctx, dir, c.Bitrate, "1920x1080")
	if err != nil {
		return err
	}
	for round := range c.Rounds {
		for _, protocol := range c.Protocols {
			say("round %d: %d publishers of %.1f Mb/s over %s", round+1, c.Publishers, float64(c.Bitrate)/1e6, protocol)
			cost, err := c.server(ctx, dir, protocol, b)
			if err != nil {
				return err
			}
			bare, err := c.bare(ctx, dir, protocol, b)
			if err != nil {
				return err
			}
			r.add(protocol, cost/float64(c.Publishers), bare/float64(c.Publishers))
		}
	}
	return nil
}

// bare measures a protocol's baseline.
func (c *ingestCommand) bare(ctx context.Context, dir, protocol string, b *ingestSource) (float64, error) {
	if protocol != "srt" {
		return c.server(ctx, dir, baselines[protocol], b)
	}
	l, err := startLiveTransmit(ctx, c.Publishers)
	if err != nil {
		return 0, err
	}
	defer l.stop()
	return c.measure(ctx, l.server(), c.Publishers, apart, func(ctx context.Context, i int) error {
		return sendSRT(ctx, l.addresses[i], b.stream)
	})
}

// ingestSource is what is published, in both containers.
type ingestSource struct {
	tags   []publish.Tag
	stream []byte // MPEG-TS
}

func (c *ingestCommand) broadcast(ctx context.Context, dir string, bitrate int, size string) (*ingestSource, error) {
	sub, err := os.MkdirTemp(dir, "clip-")
	if err != nil {
		return nil, err
	}
	file, err := clipOf(ctx, sub, bitrate, size)
	if err != nil {
		return nil, err
	}
	tags, err := publish.ReadFLV(file)
	if err != nil {
		return nil, err
	}
	stream, err := transportStream(ctx, file)
	if err != nil {
		return nil, err
	}
	return &ingestSource{publish.Repeat(tags, clipSeconds*1000, (c.Seconds+c.Crowd/10)/clipSeconds+5), stream}, nil
}

// server is the CPU seconds per second of a server that so many publish to.
func (c *ingestCommand) server(ctx context.Context, dir, protocol string, b *ingestSource) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self, "ingest-server", protocol, "--dir", dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the %s server does not start: %w", protocol, err)
	}
	address = strings.TrimSpace(address)
	return c.measure(ctx, load.Process(cmd.Process.Pid), c.Publishers, apart, func(ctx context.Context, i int) error {
		switch protocol {
		case "tcp", "tls":
			return sendBytes(ctx, protocol, address, b.tags)
		case "srt":
			return sendSRT(ctx, address, b.stream)
		}
		return publish.Paced(ctx, fmt.Sprintf("%s://%s/app/k%d", protocol, address, i), b.tags, nil, nil)
	})
}

// measure has n publish, each a little later than the one before, and gives the
// server's CPU seconds per second once all of them do.
func (c *ingestCommand) measure(ctx context.Context, s *load.Server, n int, apart time.Duration, publish func(ctx context.Context, i int) error) (float64, error) {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	sent := make(chan error, n)
	began := time.Now()
	for i := range n {
		go func() {
			err := sleepUntil(sending, began.Add(time.Duration(i)*apart))
			if err == nil {
				err = publish(sending, i)
			}
			stop(err) // one that has failed: the figure would be of fewer
			sent <- err
		}()
	}
	from := began.Add(time.Duration(n)*apart + settling)
	cpu, err := cpuBetween(sending, s, from, from.Add(time.Duration(c.Seconds)*time.Second))
	stop(errMeasured)
	for range n {
		if failed := <-sent; !errors.Is(failed, errMeasured) && err == nil {
			err = fmt.Errorf("a publisher stopped: %w", failed)
		}
	}
	return cpu, err
}

var errMeasured = errors.New("measured")

func cpuBetween(ctx context.Context, s *load.Server, from, to time.Time) (float64, error) {
	var at [2]proc.Usage
	for i, t := range []time.Time{from, to} {
		err := sleepUntil(ctx, t)
		if err != nil {
			return 0, err
		}
		if at[i], err = s.Usage(); err != nil {
			return 0, err
		}
	}
	return (at[1].CPU - at[0].CPU).Seconds() / to.Sub(from).Seconds(), nil
}

// sendBytes sends the tags' bodies when they are due, as no protocol.
func sendBytes(ctx context.Context, protocol, address string, tags []publish.Tag) error {
	var d interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if protocol == "tls" {
		d = &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // it is this program's own child
	}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	began := time.Now()
	for _, t := range tags {
		if err := sleepUntil(ctx, began.Add(time.Duration(t.Due)*time.Millisecond)); err != nil {
			return err
		}
		if _, err := c.Write(t.Body); err != nil {
			return err
		}
	}
	return nil
}

// crowds measures the daemon with many BASIC channels, protocol by protocol.
func (c *ingestCommand) crowds(ctx context.Context, dir string, r *ingestReport) error {
	b, err := c.broadcast(ctx, dir, c.CrowdBitrate, "1280x720")
	if err != nil {
		return err
	}
	for _, protocol := range c.CrowdBy {
		say("%d publishers of %.1f Mb/s to BASIC channels over %s", c.Crowd, float64(c.CrowdBitrate)/1e6, protocol)
		cpu, err := c.crowd(ctx, protocol, b.tags)
		if err != nil {
			return fmt.Errorf("%d publishers over %s: %w", c.Crowd, protocol, err)
		}
		r.Crowds = append(r.Crowds, crowdOfPublishers{Protocol: protocol, CPU: cpu})
	}
	return nil
}

func (c *ingestCommand) crowd(ctx context.Context, protocol string, tags []publish.Tag) (float64, error) {
	settings := daemon.Settings{Window: time.Minute, RTMPS: true}
	for i := range c.Crowd {
		settings.Channels = append(settings.Channels, daemon.Channel{
			ID: fmt.Sprintf("c%d", i), Type: ladder.Basic, Key: fmt.Sprintf("sk_bench_%04d", i),
		})
	}
	d, err := daemon.Start(ctx, settings)
	if err != nil {
		return 0, err
	}
	cpu, err := c.measure(ctx, load.Process(d.PID()), c.Crowd, 50*time.Millisecond, func(ctx context.Context, i int) error {
		return publish.Paced(ctx, d.Ingest(protocol, settings.Channels[i].Key), tags, nil, nil)
	})
	return cpu, errors.Join(err, d.Stop())
}
