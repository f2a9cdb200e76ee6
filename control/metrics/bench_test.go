package metrics

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"
)

// hundred is 100 channels that are live and watched.
func hundred(b *testing.B) (*Collector, *clock, func()) {
	c := clockAt(dawn)
	store := Open(Options{Path: filepath.Join(b.TempDir(), "metrics.db"), Log: slog.New(slog.DiscardHandler), now: c.now})
	store.stop() // a benchmark says when it flushes
	store.done.Wait()
	b.Cleanup(func() { failOn(b, store.Close()) })
	source := &studio{streams: make([]Stream, 100), delivered: make([]Delivered, 100)}
	for i := range source.streams {
		source.streams[i] = Stream{ID: fmt.Sprint("st-", i), Channel: fmt.Sprint("channel", i), Live: true, Health: "HEALTHY", Views: i}
		source.delivered[i].Channel = source.streams[i].Channel
	}
	collector, n := newCollector(store, source), int64(0)
	return collector, c, func() {
		for i := range source.streams {
			n++
			s := &source.streams[i]
			s.on(c.now())
			s.Total.VideoBits += n * n * 7919 % 500_000
			s.Total.Bits += n * n * 7919 % 500_000
			source.delivered[i].Media += time.Duration(n) * time.Millisecond
		}
		c.pass(time.Second)
	}
}

// BenchmarkSecond is what 100 channels take each second.
func BenchmarkSecond(b *testing.B) {
	collector, c, pass := hundred(b)
	for i := range b.N {
		b.StopTimer()
		pass()
		if i%10 == 0 {
			collector.store.flushNow()
		}
		b.StartTimer()
		collector.measure(c.now())
	}
}

// BenchmarkFlush is what they take each ten seconds, with the minutes, and each hour's roll-up, in it.
func BenchmarkFlush(b *testing.B) {
	collector, c, pass := hundred(b)
	for range b.N {
		b.StopTimer()
		for range 10 {
			pass()
			collector.measure(c.now())
		}
		b.StartTimer()
		collector.store.flushNow()
	}
	b.ReportMetric(float64(collector.store.Status().Bytes)/float64(b.N), "file-B/op")
}

// BenchmarkHour is what the end of an hour takes.
func BenchmarkHour(b *testing.B) {
	collector, c, pass := hundred(b)
	for range b.N {
		b.StopTimer()
		for range 359 {
			for range 10 {
				pass()
				collector.measure(c.now())
			}
			collector.store.flushNow()
		}
		c.pass(time.Hour)
		c.at.Store(c.now().Truncate(time.Hour).UnixNano())
		b.StartTimer()
		collector.store.flushNow()
	}
}

// BenchmarkRead is three hours of seconds of one of them, and their minutes.
func BenchmarkRead(b *testing.B) {
	collector, c, pass := hundred(b)
	for range 3 * 360 {
		for range 10 {
			pass()
			collector.measure(c.now())
		}
		collector.store.flushNow()
	}
	for _, period := range []time.Duration{time.Second, time.Minute} {
		b.Run(period.String(), func(b *testing.B) {
			for range b.N {
				points, err := collector.store.Read(b.Context(), ofChannel("IngestBitrate", "channel7"), dawn, c.now(), period)
				failOn(b, err)
				if len(points) == 0 {
					b.Fatal("nothing")
				}
			}
		})
	}
}
