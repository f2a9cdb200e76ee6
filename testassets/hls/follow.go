package hls

import (
	"context"
	"fmt"
)

// Follow reads the live playlist at url by blocking reloads until it ends, and
// holds each state to Check and to CheckAfter. seen, which may be nil, hears of
// each state. It returns the last state.
func (c *Client) Follow(ctx context.Context, url string, seen func(*Playlist)) (*Playlist, error) {
	p, err := c.Playlist(ctx, url)
	for err == nil {
		if err := p.Check(); err != nil {
			return p, fmt.Errorf("%s: %w\n%s", url, err, p.Text)
		}
		if seen != nil {
			seen(p)
		}
		if p.Ended {
			return p, nil
		}
		before := p
		if p, err = c.After(ctx, url, before); err != nil {
			return before, err
		}
		if err := p.CheckAfter(before); err != nil {
			return p, fmt.Errorf("%s: %w\nbefore:\n%s\nafter:\n%s", url, err, before.Text, p.Text)
		}
	}
	return p, err
}
