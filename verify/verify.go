package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"ladderd/m3u8"
)

// Options say how to verify.
type Options struct {
	// Duration is how much media of a live stream is followed, and of one on demand
	// is read; 0 means DefaultDuration.
	Duration time.Duration
	// Insecure takes any certificate.
	Insecure bool
	// Progress, which may be nil, is called once in a while with what was seen so far.
	Progress func(seen Checked, findings int)
}

// DefaultDuration is long enough for playlists to lose and gain segments.
const DefaultDuration = 20 * time.Second

// maxRenditions is how many media playlists of a stream are followed.
const maxRenditions = 24

// ErrTooMany is for streams with more renditions than are followed.
var ErrTooMany = errors.New("more renditions than this checker follows")

// Run holds the stream at url, a multivariant or a media playlist, to the rules. An
// error means that it could not be checked at all, or not to the end; what was
// found up to then is in the report, which is never nil.
func Run(ctx context.Context, url string, options Options) (*Report, error) {
	return run(ctx, url, options, wallClock{})
}

// clock tells the time and waits.
type clock interface {
	now() time.Time
	after(time.Duration) <-chan time.Time
}

type wallClock struct{}

func (wallClock) now() time.Time                         { return time.Now() }
func (wallClock) after(d time.Duration) <-chan time.Time { return time.After(d) }

// verifier is one run.
type verifier struct {
	options    Options
	clock      clock
	client     *client
	collector  *collector
	renditions []*rendition
	// variables are the multivariant playlist's; nil where there is none.
	variables map[string]string
	// independent says that it has EXT-X-INDEPENDENT-SEGMENTS.
	independent bool
}

func run(ctx context.Context, url string, options Options, clock clock) (*Report, error) {
	if options.Duration <= 0 {
		options.Duration = DefaultDuration
	}
	c := newCollector()
	v := &verifier{options: options, clock: clock, collector: c, client: newClient(options.Insecure, c)}
	defer v.client.close()
	begin := time.Now()
	// A server that gives nothing at all keeps each request waiting; one that gives
	// a little each time is left after twice the time.
	ctx, cancel := context.WithTimeout(ctx, 2*options.Duration+2*time.Minute)
	defer cancel()
	stop := v.tellProgress()
	err := v.verify(ctx, url)
	stop()
	report := c.report(url, v.kind(), time.Since(begin))
	if err != nil {
		report.Incomplete = err.Error()
	}
	return report, err
}

func (v *verifier) verify(ctx context.Context, url string) error {
	if _, err := resolve(url, ""); err != nil {
		return fmt.Errorf("read the URL: %w", err)
	}
	reply, err := v.client.playlist(ctx, url)
	if err != nil {
		return fmt.Errorf("fetch the playlist: %w", err)
	}
	if !reply.ok() {
		return fmt.Errorf("fetch the playlist: %s: status %d%s", url, reply.status, reply.reason())
	}
	if m3u8.IsMultivariant(reply.body) {
		err = v.readMultivariant(reply)
	} else {
		v.add(&rendition{url: url, name: url, listedIn: url})
	}
	if err != nil {
		return err
	}
	return v.followAll(ctx)
}

func (v *verifier) readMultivariant(reply *reply) error {
	list, err := m3u8.ParseMultivariantAt(reply.body, reply.base)
	if err != nil {
		return fmt.Errorf("%s: %w", reply.url, err)
	}
	v.variables, v.independent = map[string]string{}, list.IndependentSegments
	maps.Copy(v.variables, list.Variables)
	doc := &document{reply: reply, header: &list.Header, needs: multivariantNeeds(list)}
	m := &multivariant{reply: reply, list: list}
	v.collector.count(func(c *Checked) { c.Playlists++ })
	v.collector.apply(reply.url, func(rule *Rule, f *finder) {
		switch {
		case rule.document != nil:
			rule.document(f, doc)
		case rule.multivariant != nil:
			rule.multivariant(f, m)
		}
	})
	for i := range list.Variants {
		variant := &list.Variants[i]
		if err := v.addListed(reply, variant.URI, list.NameOf(variant), variant, variant.Line); err != nil {
			return err
		}
	}
	for i := range list.IFrames {
		iframes, known := &list.IFrames[i], len(v.renditions)
		if err := v.addListed(reply, iframes.URI, iframes.URI, iframes, iframes.Line); err != nil {
			return err
		}
		for _, r := range v.renditions[known:] {
			r.iframes = true
		}
	}
	for _, r := range list.Renditions {
		if r.URI != "" && (r.Type == "AUDIO" || r.Type == "VIDEO") {
			if err := v.addListed(reply, r.URI, r.Name, nil, r.Line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *verifier) addListed(in *reply, uri, name string, variant *m3u8.Variant, line int) error {
	url, err := resolve(in.base, uri)
	if err != nil {
		return fmt.Errorf("line %d of %s: %w", line, in.url, err)
	}
	for _, r := range v.renditions {
		if r.url == url {
			return nil // with another group of audio
		}
	}
	if len(v.renditions) == maxRenditions {
		return ErrTooMany
	}
	v.add(&rendition{url: url, name: name, variant: variant, listedIn: in.url})
	return nil
}

func (v *verifier) add(r *rendition) {
	r.verifier, r.inits, r.parts, r.holes = v, map[string]*initSection{}, map[int64][]partMedia{}, map[int64]bool{}
	v.renditions = append(v.renditions, r)
	v.collector.count(func(c *Checked) { c.Renditions++ })
}

// followAll follows all renditions at once and then compares them.
func (v *verifier) followAll(ctx context.Context) error {
	errs := make([]error, len(v.renditions))
	var following sync.WaitGroup
	for i, r := range v.renditions {
		following.Go(func() {
			if err := r.follow(ctx); err != nil {
				errs[i] = fmt.Errorf("rendition %s: %w", r.name, err)
			}
		})
	}
	following.Wait()
	v.compare()
	return errors.Join(errs...)
}

// compare applies the rules for whole renditions, each beside the first one that
// has video.
func (v *verifier) compare() {
	var reference *rendition
	for _, r := range v.renditions {
		if r.last != nil && !r.iframes && (reference == nil || reference.params == nil && r.params != nil) {
			reference = r
		}
	}
	for _, r := range v.renditions {
		if r.last == nil {
			continue
		}
		v.collector.apply(r.url, func(rule *Rule, f *finder) {
			if rule.variant != nil {
				rule.variant(f.at(r.listedIn), r)
			}
			if rule.pair != nil && reference != nil && r != reference && (rule.iframes || !r.iframes) {
				rule.pair(f, reference, r)
			}
		})
	}
}

// kind is what the report calls the stream, by the rendition that was read first.
func (v *verifier) kind() string {
	for _, r := range v.renditions {
		switch {
		case r.last == nil:
			continue
		case !r.first.live():
			return "on demand"
		case r.first.lowLatency():
			return "low latency"
		}
		return "live"
	}
	return "unknown"
}

// tellProgress calls Progress each second until the returned function is called.
func (v *verifier) tellProgress() (stop func()) {
	if v.options.Progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				v.options.Progress(v.collector.seen())
			case <-done:
				return
			}
		}
	})
	return func() { close(done); telling.Wait() }
}

func (v *verifier) readMedia(reply *reply) (*m3u8.Media, error) {
	list, err := m3u8.ParseMediaIn(reply.body, m3u8.Scope{URL: reply.base, Variables: v.variables})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reply.url, err)
	}
	return list, nil
}
