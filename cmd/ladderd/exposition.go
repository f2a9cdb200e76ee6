package main

import (
	"time"

	"ladderd/control"
	"ladderd/door"
	"ladderd/exposition"
	"ladderd/playback"
	"ladderd/stream"
)

// sources is what /metrics asks. It is asked once the daemon stands.
func (d *daemon) sources() exposition.Sources {
	s := exposition.Sources{
		Version: build(), State: d.phase.String, DiskErr: d.diskErr,
		Streams: d.streams, Admission: d.devices.control.Status, Reload: d.reloads.last,
		Listeners: d.connections, Certificates: d.validity,
	}
	s.Stuck = func() string { return d.watchdog.Stuck() }
	s.Lingering = func() stream.Lingering { return d.hub.Lingering() }
	s.Delivered = func() []playback.Delivered { return d.play.Delivered() }
	s.Audience = func() exposition.Audience {
		return exposition.Audience{Views: d.play.AllViews(), Most: int(d.crowd.most.Load()), Refused: d.crowd.refused.Load()}
	}
	if d.journal.outbox != nil {
		s.Receivers, s.Unwritten, s.Lost = d.journal.outbox.Status, d.journal.history.Waiting, d.journal.history.Lost
	}
	if d.measuring != nil {
		s.Measurements = d.measuring.store.Status
	}
	if d.api != nil {
		s.API = func() control.Status { return d.api.control.Status() }
	}
	return s
}

// connections are the listeners', by whom they are for.
func (d *daemon) connections() map[string]door.Status {
	list := map[string]door.Status{}
	if d.entrance != nil {
		list["publishers"] = d.entrance.Status()
	}
	if d.viewers != nil {
		list["viewers"] = d.viewers.Connections()
	}
	if d.api != nil && d.api.door != nil {
		list["API callers"] = d.api.door.Status()
	}
	return list
}

// validity is until when the certificates are good, by their files.
func (d *daemon) validity() map[string]time.Time {
	list := map[string]time.Time{}
	for _, c := range d.certificates {
		list[c.Path()] = c.Expires()
	}
	return list
}
