package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/await"
	"ladderd/testassets/hls"
)

// broadcasted is a stream that is to be read whole after its end.
type broadcasted struct {
	channel  *channel
	variants []hls.Variant
}

// choose chooses one of the streams that are on air, a transcoded one where there is one.
func (s *stage) choose(ctx context.Context) (chosen broadcasted) {
	c := s.someone(func(c *channel) bool { return c.onAir() && c.Type != ladder.Basic })
	if c == nil {
		c = s.someone((*channel).onAir)
	}
	if c == nil {
		return chosen
	}
	client, done := newClient()
	defer done()
	variants, err := client.Variants(ctx, s.daemon.Playback(c.ID))
	if err != nil || !advancing(ctx, client, variants) {
		return chosen // it has only begun, or its worker hangs; another round will do
	}
	return broadcasted{c, variants}
}

const (
	// advance is how long the renditions of a stream may take to go on, if its end is to be
	// whole: a worker that hangs then has no time to be replaced.
	advance = 5 * time.Second
	// lastSlack is by how much the lengths of the last segment may differ: its publisher is
	// stopped in the midst, which may have sent more of one track than of the other.
	lastSlack = time.Second / 2
)

// advancing waits until all renditions have gone on by two parts; false where one does not.
func advancing(ctx context.Context, client *hls.Client, variants []hls.Variant) bool {
	ctx, cancel := context.WithTimeout(ctx, advance)
	defer cancel()
	var all sync.WaitGroup
	var stuck atomic.Bool
	for _, v := range variants {
		all.Go(func() {
			p, err := client.Playlist(ctx, v.URL)
			for n := 0; n < 2 && err == nil; n++ {
				p, err = client.After(ctx, v.URL, p)
			}
			if err != nil || p.Ended {
				stuck.Store(true)
			}
		})
	}
	all.Wait()
	return !stuck.Load()
}

// readWhole reads all renditions once the stream has ended: they have to be aligned, and
// decodable.
func (s *stage) readWhole(ctx context.Context, b broadcasted) {
	if b.channel == nil {
		return
	}
	switch err := download(ctx, b.variants, s.Owner.TempDir()); {
	case err == nil:
		s.report.Whole++
	case expected(err):
		s.Tell("  a stream has gone before it could be read whole")
	case ctx.Err() == nil:
		fault := fmt.Sprintf("%s, read whole after its end: %v", s.named(b.channel), err)
		s.report.Faults = append(s.report.Faults, fault)
		s.Tell("  wrong: " + fault)
	}
}

// download fetches all renditions at once, as they are not there for long.
func download(ctx context.Context, variants []hls.Variant, dir string) error {
	client, done := newClient()
	defer done()
	ctx, cancel := context.WithTimeout(ctx, calming)
	defer cancel()
	var all sync.WaitGroup
	renditions, errs := make([]*hls.Rendition, len(variants)), make([]error, len(variants))
	for i, v := range variants {
		all.Go(func() { renditions[i], errs[i] = downloadEnded(ctx, client, v, dir) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return hls.Aligned(renditions, lastSlack)
}

func downloadEnded(ctx context.Context, client *hls.Client, v hls.Variant, dir string) (*hls.Rendition, error) {
	err := await.Until(ctx, "the end of "+v.Name, nil, func() (bool, error) {
		p, err := client.Playlist(ctx, v.URL)
		return err == nil && p.Ended, err
	})
	if err != nil {
		return nil, err
	}
	return client.Download(ctx, v, dir)
}

// newClient is a client whose connections go with it: a daemon rightly keeps those that are
// open.
func newClient() (client *hls.Client, done func()) {
	client = &hls.Client{HTTP: http.Client{Transport: &http.Transport{}}}
	return client, client.HTTP.CloseIdleConnections
}
