package chaos

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"ladderd/testassets/publish"
)

const (
	interrupt = syscall.SIGINT
	// grace is how long programs may take to end.
	grace = 10 * time.Second
)

// someone is a channel for which that holds, nil where there is none.
func (s *stage) someone(holds func(*channel) bool) *channel {
	var all []*channel
	for _, c := range s.channels {
		if holds(c) {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[s.random.IntN(len(all))]
}

func (c *channel) onAir() bool { return c.on != nil }

// left forgets the publishers who have ended by themselves: the daemon has ended their
// connections, as it does with streams that are refused, or die of their workers, and with
// who was taken over from.
func (s *stage) left() {
	for _, c := range s.channels {
		gone := func(p *publish.Publisher) bool { return !p.Running() }
		c.before = slices.DeleteFunc(c.before, gone)
		if c.onAir() && gone(c.on) {
			c.on = nil
			s.report.Ended++
			s.Tell("  " + c.ID + ": the daemon ended it")
		}
	}
}

func (s *stage) someoneComes(context.Context) (string, error) {
	c := s.someone(func(c *channel) bool { return !c.onAir() && !c.cut })
	if c == nil {
		return "", nil
	}
	return s.named(c), s.comes(c)
}

// comes has a publisher begin on a channel that has none.
func (s *stage) comes(c *channel) (err error) {
	if c.onAir() {
		return nil
	}
	c.priority, c.cut = 0, false
	c.on, err = s.publish(c)
	return err
}

// publish begins to, by RTMP or by SRT.
func (s *stage) publish(c *channel) (*publish.Publisher, error) {
	over, query, at := publish.FFmpegLoop, "?priority=%d", s.daemon.RTMP(c.Key)
	if s.random.IntN(3) == 0 {
		over, query, at = publish.FFmpegSRTLoop, ",priority=%d", "srt://"+s.daemon.SRTAddr()+"?streamid=#!::u="+c.Key
	}
	if c.priority > 0 { // who comes first has none
		at += fmt.Sprintf(query, c.priority)
	}
	return over(at, s.clip)
}

func (s *stage) someoneLeaves(context.Context) (string, error) {
	c := s.someone((*channel).onAir)
	if c == nil {
		return "", nil
	}
	s.leaves(c)
	return s.named(c), nil
}

// leaves has whoever publishes on a channel say goodbye.
func (s *stage) leaves(c *channel) {
	all := c.before
	if c.onAir() {
		all = append(all, c.on)
	}
	var ending sync.WaitGroup
	for _, p := range all {
		ending.Go(func() { _ = p.Stop() }) // it may have been refused, or ended by the daemon
	}
	ending.Wait()
	c.on, c.before, c.cut = nil, nil, false
}

// someoneIsCutOff has a publisher vanish without a word. Half of them come back at once, for
// whom the stream waits; for the others it is over when they do.
func (s *stage) someoneIsCutOff(context.Context) (string, error) {
	c := s.someone((*channel).onAir)
	if c == nil {
		return "", nil
	}
	_ = c.on.Process.Stop(syscall.SIGKILL, grace)
	c.on, c.cut = nil, true
	if s.random.IntN(2) == 0 {
		return s.named(c), nil
	}
	return s.named(c) + ", and comes back at once", s.comesBack(c)
}

func (s *stage) comesBack(c *channel) (err error) {
	c.cut = false
	c.on, err = s.publish(c)
	return err
}

func (s *stage) someoneComesBack(context.Context) (string, error) {
	c := s.someone(func(c *channel) bool { return c.cut })
	if c == nil {
		return "", nil
	}
	return s.named(c), s.comesBack(c)
}

// someoneTakesOver comes with a higher priority than who is there, who does not mind.
func (s *stage) someoneTakesOver(context.Context) (string, error) {
	c := s.someone((*channel).onAir)
	if c == nil {
		return "", nil
	}
	c.before = append(c.before, c.on)
	c.priority++
	var err error
	c.on, err = s.publish(c)
	return s.named(c), err
}

func (s *stage) named(c *channel) string { return fmt.Sprintf("%s, %s", c.ID, c.Type) }
