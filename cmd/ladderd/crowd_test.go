package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/playback"
	"ladderd/stream"
)

func TestNoMoreThanTheQuotaWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := 0
		var told []stream.Event
		c := &crowd{views: func() int { return views }, tell: func(e stream.Event) { told = append(told, e) }}
		c.most.Store(2)
		rules := admittance{c}
		newcomer, watching := playback.Viewer{Channel: "a"}, playback.Viewer{Stream: "st-1", Session: "s", Active: true}
		for views = range 4 {
			err := rules.Admit(newcomer, nil)
			if full := views >= 2; errors.Is(err, playback.ErrViewLimit) != full {
				t.Errorf("with %d views: %v", views, err)
			}
			if err := rules.Admit(watching, nil); err != nil {
				t.Errorf("who watches, with %d views: %v", views, err)
			}
		}
		// One of many is told.
		if len(told) != 1 || told[0].Name() != "Concurrent Viewers" {
			t.Fatalf("told: %+v", told)
		}
		if b, _ := told[0].Breach(); b != (event.Breach{Excess: event.Excess{Limit: 2, By: 1}, Unit: "viewers"}) {
			t.Errorf("told: %+v", b)
		}
		time.Sleep(crowdPause)
		if _ = rules.Admit(newcomer, nil); len(told) != 2 {
			t.Errorf("%d are told after a while", len(told))
		}
		c.most.Store(10)
		if err := rules.Admit(newcomer, nil); err != nil {
			t.Errorf("after a reload: %v", err)
		}
	})
}
