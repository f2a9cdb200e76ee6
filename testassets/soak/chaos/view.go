package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/process"
)

const (
	// stays is for how long a viewer does, at most.
	stays = 15 * time.Second
	// many is how many viewers ladderd load is.
	many = 30
	// faultsKept is how many faults are told at length; more of them say little more.
	faultsKept = 20
)

// crowd are the viewers of a round. Each has a goroutine.
type crowd struct {
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
	client *hls.Client

	mu     sync.Mutex // guards what follows
	read   int        // playlists
	faults []string
}

// open lets viewers in until they are sent away.
func (c *crowd) open(ctx context.Context) {
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.client = &hls.Client{HTTP: http.Client{Transport: &http.Transport{}}}
}

// leave has all viewers go, with their connections.
func (c *crowd) leave() {
	if c.cancel == nil {
		return
	}
	c.cancel()
	c.all.Wait()
	c.client.HTTP.CloseIdleConnections()
}

// come has a viewer follow the nth of a channel's renditions for so long. What is wrong in
// what it reads is a fault; that its stream ends, or stands still, is none.
func (c *crowd) come(channel string, nth int, stay time.Duration) {
	c.all.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, stay)
		defer cancel()
		variants, err := c.client.Variants(ctx, channel)
		if err == nil {
			_, err = c.client.Follow(ctx, variants[nth%len(variants)].URL, func(*hls.Playlist) { c.count() })
		}
		if ctx.Err() == nil && err != nil && !expected(err) {
			c.fault(err)
		}
	})
}

func (c *crowd) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read++
}

func (c *crowd) fault(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.faults) < faultsKept {
		c.faults = append(c.faults, fmt.Sprintf("a viewer: %v", err))
	}
}

// expected says that an error is one that viewers may meet here: the stream is not there, or
// no media came in time for a playlist that waits for some.
func expected(err error) bool {
	var status *hls.StatusError
	return errors.As(err, &status) && (status.Status == http.StatusNotFound || status.Status == http.StatusServiceUnavailable)
}

func (s *stage) viewerComes(context.Context) (string, error) {
	c := s.someone((*channel).onAir)
	nth, stay := s.random.IntN(8), time.Duration(s.random.Int64N(int64(stays)))
	if c == nil {
		return "", nil
	}
	s.crowd.come(s.daemon.Playback(c.ID)+"?allow_audio_only=true", nth, stay)
	return fmt.Sprintf("%s, for %v", s.named(c), stay.Round(time.Second/10)), nil
}

// manyViewersCome has ladderd load's watch, of which nothing is judged here: they come and go.
func (s *stage) manyViewersCome(context.Context) (string, error) {
	c := s.someone((*channel).onAir)
	if c == nil {
		return "", nil
	}
	bin, err := daemon.Binary()
	if err != nil {
		return "", err
	}
	p, err := process.Start(exec.Command(bin, "load", s.daemon.Playback(c.ID), "--spread", "--duration", "8s", "--viewers", strconv.Itoa(many)))
	if err != nil {
		return "", err
	}
	s.loads = append(s.loads, p)
	return fmt.Sprintf("%s, %d", s.named(c), many), nil
}
