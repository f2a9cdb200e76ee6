package hls

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Client fetches what a channel serves. The zero value is ready.
type Client struct {
	HTTP http.Client
}

// Reply is a whole answer.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// StatusError is an answer other than 200.
type StatusError struct {
	URL string
	Reply
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: %d %s", e.URL, e.Status, e.Body)
}

// Fetch gets url, whatever its status.
func (c *Client) Fetch(ctx context.Context, url string) (Reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Reply{}, err
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("%s: %w", url, err)
	}
	return Reply{resp.StatusCode, resp.Header, body}, nil
}

// Get gets the body at url; an answer other than 200 is a *StatusError.
func (c *Client) Get(ctx context.Context, url string) ([]byte, error) {
	r, err := c.Fetch(ctx, url)
	if err != nil {
		return nil, err
	}
	if r.Status != http.StatusOK {
		return nil, &StatusError{url, r}
	}
	return r.Body, nil
}

// Variants reads the multivariant playlist at url.
func (c *Client) Variants(ctx context.Context, url string) ([]Variant, error) {
	body, err := c.Get(ctx, url)
	if err != nil {
		return nil, err
	}
	variants, err := ParseMultivariant(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", url, err, body)
	}
	for i := range variants {
		if variants[i].URL, err = Resolve(url, variants[i].URL); err != nil {
			return nil, err
		}
	}
	return variants, nil
}

// Playlist reads the media playlist at url.
func (c *Client) Playlist(ctx context.Context, url string) (*Playlist, error) {
	body, err := c.Get(ctx, url)
	if err != nil {
		return nil, err
	}
	p, err := ParseMedia(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", url, err, body)
	}
	return p, nil
}

// After reads the media playlist at url once it lists more than p does, by a
// blocking reload: for a part, or in plain HLS for a segment.
func (c *Client) After(ctx context.Context, url string, p *Playlist) (*Playlist, error) {
	msn, part := p.Next()
	sep := "?"
	if strings.Contains(url, "?") {
		sep = "&"
	}
	url += sep + "_HLS_msn=" + strconv.FormatInt(msn, 10)
	if p.PartTarget > 0 {
		url += "&_HLS_part=" + strconv.Itoa(part)
	}
	return c.Playlist(ctx, url)
}

// Resolve is the URL that ref means in the playlist at base.
func Resolve(base, ref string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	u, err := b.Parse(ref)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}
