package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

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
	if err != nil {
		return chosen // it has only begun; another round will do
	}
	return broadcasted{c, variants}
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
	return hls.Aligned(renditions, hls.LastSlackCut)
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
