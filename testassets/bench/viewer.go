package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"ladderd/media"
	"ladderd/testassets/await"
	"ladderd/testassets/hls"
)

// viewer plays one rendition the way a player at the live edge does: it reloads the
// playlist with a blocking request and fetches each part as soon as it is listed.
type viewer struct {
	client  *hls.Client
	variant hls.Variant

	target time.Duration // of a part
	parts  []seenPart
	init   string // URI of the initialisation section
	video  *fmp4.InitTrack
}

// seenPart is a part that has come.
type seenPart struct {
	at          time.Time // when the last byte was there
	independent bool
	duration    time.Duration
	pts         []media.Ticks // of its pictures
}

// watch waits until the channel is live and plays each rendition to its end.
func watch(ctx context.Context, url string) ([]*viewer, error) {
	client := &hls.Client{}
	var variants []hls.Variant
	err := await.Until(ctx, "the channel to be live", nil, func() (live bool, err error) {
		variants, err = client.Variants(ctx, url)
		return err == nil, notLive(err)
	})
	if err != nil {
		return nil, err
	}
	var viewers []*viewer
	for _, v := range variants {
		viewers = append(viewers, &viewer{client: client, variant: v})
	}
	errs := make([]error, len(viewers))
	var all sync.WaitGroup
	for i, v := range viewers {
		all.Go(func() { errs[i] = v.play(ctx) })
	}
	all.Wait()
	return viewers, errors.Join(errs...)
}

// notLive is nil for what a channel answers that is not live yet.
func notLive(err error) error {
	var status *hls.StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return nil
	}
	return err
}

func (v *viewer) play(ctx context.Context) error {
	known := map[string]bool{}
	p, err := v.client.Playlist(ctx, v.variant.URL)
	for err == nil {
		v.target = p.PartTarget
		for _, part := range listed(p) {
			if known[part.URI] || part.Gap {
				continue
			}
			known[part.URI] = true
			if err := v.fetch(ctx, initOf(p.Text), part); err != nil {
				return fmt.Errorf("%s: %w", v.variant.Name, err)
			}
		}
		if p.Ended {
			return nil
		}
		p, err = v.client.After(ctx, v.variant.URL, p)
	}
	return fmt.Errorf("%s: %w", v.variant.Name, err)
}

// listed is all parts of a playlist, oldest first.
func listed(p *hls.Playlist) []hls.Part {
	var all []hls.Part
	for _, s := range p.Segments {
		all = append(all, s.Parts...)
	}
	return append(all, p.Open.Parts...)
}

// initOf is the URI of the initialisation section that holds at a playlist's end,
// also where it lists no segment yet.
func initOf(playlist string) string {
	const tag = `#EXT-X-MAP:URI="`
	at := strings.LastIndex(playlist, tag)
	if at < 0 {
		return ""
	}
	uri, _, _ := strings.Cut(playlist[at+len(tag):], `"`)
	return uri
}

// fetch gets a part, behind its initialisation section where that is new.
func (v *viewer) fetch(ctx context.Context, init string, part hls.Part) error {
	if init != v.init {
		data, err := v.get(ctx, init)
		if err != nil {
			return err
		}
		if v.video, err = videoTrack(data); err != nil {
			return fmt.Errorf("%s: %w", init, err)
		}
		v.init = init
	}
	data, err := v.get(ctx, part.URI)
	if err != nil {
		return err
	}
	at := time.Now()
	pts, err := pictures(data, v.video)
	if err != nil {
		return fmt.Errorf("%s: %w", part.URI, err)
	}
	v.parts = append(v.parts, seenPart{at, part.Independent, part.Duration, pts})
	return nil
}

func (v *viewer) get(ctx context.Context, ref string) ([]byte, error) {
	base, err := url.Parse(v.variant.URL)
	if err != nil {
		return nil, err
	}
	u, err := base.Parse(ref)
	if err != nil {
		return nil, err
	}
	return v.client.Get(ctx, u.String())
}

// videoTrack finds the H.264 track of an initialisation section.
func videoTrack(data []byte) (*fmp4.InitTrack, error) {
	var init fmp4.Init
	if err := init.Unmarshal(bytes.NewReader(data)); err != nil {
		return nil, err
	}
	for _, t := range init.Tracks {
		if _, ok := t.Codec.(*codecs.H264); ok {
			return t, nil
		}
	}
	return nil, errors.New("no H.264 track")
}

// pictures are the PTS of a part's pictures.
func pictures(data []byte, track *fmp4.InitTrack) ([]media.Ticks, error) {
	var parts fmp4.Parts
	if err := parts.Unmarshal(data); err != nil {
		return nil, err
	}
	var pts []media.Ticks
	for _, part := range parts {
		for _, t := range part.Tracks {
			if t.ID != track.ID {
				continue
			}
			dts := int64(t.BaseTime)
			for _, s := range t.Samples {
				pts = append(pts, media.Ticks((dts+int64(s.PTSOffset))*media.Clock/int64(track.TimeScale)))
				dts += int64(s.Duration)
			}
		}
	}
	return pts, nil
}
