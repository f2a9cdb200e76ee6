package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ivs"
	"github.com/aws/aws-sdk-go-v2/service/ivs/types"

	"ladderd/testassets/awssdk"
	"ladderd/testassets/daemon"
	"ladderd/testassets/overload"
	"ladderd/testassets/publish"
)

type apiCommand struct {
	output
	Channels int `default:"5000" help:"How many channels there are."`
	Live     int `default:"100" help:"How many of them are live, as BASIC channels."`
	Callers  int `default:"4" help:"How many call at the same time."`
	Seconds  int `default:"5" help:"How long each operation is measured in a run."`
	Runs     int `default:"3" help:"Measurements of everything, one after another."`
	Bitrate  int `default:"300000" help:"Of each live channel's video, in bits per second."`
}

// apiBench is one run of the command.
type apiBench struct {
	apiCommand
	dir    string
	d      *daemon.Daemon
	client *ivs.Client
	arns   []string
	keys   []string // of the channels that are to be live
	urls   []string // where these are played
	report *apiReport
}

func (c *apiCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := clipOf(ctx, dir, c.Bitrate, "426x240")
	if err != nil {
		return err
	}
	tags, err := publish.ReadFLV(file)
	if err != nil {
		return err
	}
	b := &apiBench{apiCommand: *c, dir: dir, report: newAPIReport(c)}
	if b.d, err = daemon.Start(ctx, daemon.Settings{API: true, Window: 20 * time.Second, Quota: 500_000}); err != nil {
		return err
	}
	client, closing := awssdk.Client(b.d.API(), daemon.Region, aws.Credentials{AccessKeyID: daemon.AccessKey, SecretAccessKey: daemon.SecretKey})
	defer closing()
	b.client = client
	if err := errors.Join(b.run(ctx, tags), b.d.Stop()); err != nil {
		return fmt.Errorf("%w\n%s", err, b.d.Output())
	}
	b.report.judge()
	return c.print(b.report)
}

func (b *apiBench) run(ctx context.Context, tags []publish.Tag) error {
	if err := b.fill(ctx); err != nil {
		return err
	}
	if err := b.restart(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	sent := b.publish(ctx, tags)
	err := sleepUntil(ctx, time.Now().Add(warmth))
	for run := range b.Runs {
		if err == nil {
			say("run %d of %d", run+1, b.Runs)
			err = b.measure(ctx)
		}
	}
	stop()
	for range b.Live {
		if failed := <-sent; !errors.Is(failed, context.Canceled) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// fill makes the channels, of which the first ones are to be live.
func (b *apiBench) fill(ctx context.Context) error {
	say("making %d channels", b.Channels)
	var mu sync.Mutex
	return b.calls(ctx, b.Channels, func(ctx context.Context) error {
		made, err := b.client.CreateChannel(ctx, &ivs.CreateChannelInput{
			Type: types.ChannelTypeBasicChannelType, InsecureIngest: true, ContainerFormat: types.ContainerFormatFragmentedMP4,
		})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		b.arns = append(b.arns, *made.Channel.Arn)
		if len(b.keys) < b.Live {
			b.keys, b.urls = append(b.keys, *made.StreamKey.Value), append(b.urls, *made.Channel.PlaybackUrl)
		}
		return nil
	})
}

// calls has n calls made, by all callers together.
func (b *apiBench) calls(ctx context.Context, n int, call func(context.Context) error) error {
	left := make(chan struct{}, n)
	for range n {
		left <- struct{}{}
	}
	close(left)
	errs := make([]error, b.Callers)
	var callers sync.WaitGroup
	for i := range b.Callers {
		callers.Go(func() {
			for range left {
				if errs[i] = call(ctx); errs[i] != nil {
					return
				}
			}
		})
	}
	callers.Wait()
	return errors.Join(errs...)
}

// restart measures how long the daemon takes to be ready with all its channels.
func (b *apiBench) restart(ctx context.Context) error {
	for range b.Runs {
		if err := b.d.Kill(); err != nil {
			return err
		}
		start := time.Now()
		if err := b.d.Again(ctx); err != nil {
			return err
		}
		b.report.Start = append(b.report.Start, time.Since(start).Seconds())
	}
	return nil
}

// publish has the channels be live until ctx ends.
func (b *apiBench) publish(ctx context.Context, tags []publish.Tag) chan error {
	say("%d channels are live", b.Live)
	const apart = 50 * time.Millisecond
	seconds := 60 + b.Live/10 + b.Runs*(5*b.Seconds+10)
	all := publish.Repeat(tags, clipSeconds*1000, seconds/clipSeconds+3)
	sent := make(chan error, b.Live)
	began := time.Now()
	for i, key := range b.keys {
		go func() {
			if err := sleepUntil(ctx, began.Add(time.Duration(i)*apart)); err != nil {
				sent <- err
				return
			}
			sent <- publish.Paced(ctx, b.d.RTMP(key), all, nil, nil)
		}()
	}
	return sent
}

// measure is one run: parts without API load, each operation with its SQLite loop, and the
// parts while all that goes on.
func (b *apiBench) measure(ctx context.Context) error {
	quiet, err := b.parts(ctx, time.Duration(2*b.Seconds)*time.Second, nil)
	if err != nil {
		return err
	}
	b.report.Quiet = append(b.report.Quiet, quiet.Behind.P99.Seconds())
	loaded, err := b.parts(ctx, time.Duration(3*b.Seconds)*time.Second, func(ctx context.Context) error {
		for i, o := range []struct {
			name string
			call func(context.Context) error
		}{{"GetChannel", b.get}, {"ListChannels", b.list}, {"CreateChannel", b.create}} {
			f, err := b.time(ctx, o.call)
			if err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
			b.report.operation(i, o.name).add(f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.report.Loaded = append(b.report.Loaded, loaded.Behind.P99.Seconds())
	return b.bare(ctx)
}

// parts measures how late parts of some live channels are, while work goes on.
func (b *apiBench) parts(ctx context.Context, span time.Duration, work func(context.Context) error) (overload.Lateness, error) {
	const watched = 5
	watching, stop := context.WithTimeout(ctx, span)
	defer stop()
	done := make(chan error, 1)
	go func() {
		if work == nil {
			<-watching.Done()
			done <- nil
			return
		}
		done <- work(ctx)
		stop()
	}()
	late, err := overload.Measure(watching, b.urls[:min(watched, len(b.urls))])
	return late, errors.Join(err, <-done)
}

// timed is what some time of calls came to.
type timed struct {
	perSecond, p50, p99 float64 // the latter two in ms
}

// time has all callers make calls for a while.
func (b *apiBench) time(ctx context.Context, call func(context.Context) error) (timed, error) {
	deadline := time.Now().Add(time.Duration(b.Seconds) * time.Second)
	took := make([][]float64, b.Callers)
	errs := make([]error, b.Callers)
	var callers sync.WaitGroup
	start := time.Now()
	for i := range b.Callers {
		callers.Go(func() {
			for time.Now().Before(deadline) && errs[i] == nil {
				began := time.Now()
				errs[i] = call(ctx)
				took[i] = append(took[i], time.Since(began).Seconds()*1000)
			}
		})
	}
	callers.Wait()
	all := slices.Concat(took...)
	return timed{float64(len(all)) / time.Since(start).Seconds(), percentile(all, 50), percentile(all, 99)}, errors.Join(errs...)
}

func (b *apiBench) get(ctx context.Context) error {
	_, err := b.client.GetChannel(ctx, &ivs.GetChannelInput{Arn: &b.arns[rand.IntN(len(b.arns))]})
	return err
}

func (b *apiBench) list(ctx context.Context) error {
	page, err := b.client.ListChannels(ctx, &ivs.ListChannelsInput{})
	if err == nil && len(page.Channels) != min(100, b.Channels) {
		return fmt.Errorf("a page of %d channels", len(page.Channels))
	}
	return err
}

func (b *apiBench) create(ctx context.Context) error {
	_, err := b.client.CreateChannel(ctx, &ivs.CreateChannelInput{})
	return err
}
