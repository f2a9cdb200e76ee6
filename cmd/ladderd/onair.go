package main

import (
	"context"
	"errors"

	"ladderd/control"
	"ladderd/ladder"
	"ladderd/packager"
	"ladderd/stream"
)

// published puts the API's channels into the hub, which lets publishers in.
type published struct{ hub *stream.Hub }

func (p published) Put(c control.Published) {
	p.hub.Put(stream.Channel{
		ID: c.ID, Name: c.Name, Type: ladder.Type(c.Type), Preset: ladder.Preset(c.Preset), Key: c.Key, Insecure: c.Insecure, Passphrase: c.Passphrase,
		Private: c.Private, Container: packager.Container(c.Container), Latency: packager.Latency(c.Latency),
	})
}

func (p published) Remove(id string) { p.hub.Remove(id) }

// onAir shows the hub's streams to the API.
type onAir struct {
	hub   *stream.Hub
	views func(stream string) int
}

func (o onAir) Live() []control.Live {
	var list []control.Live
	for _, s := range o.hub.Status() {
		if !s.Started {
			continue
		}
		list = append(list, control.Live{
			ID: s.ID, Channel: s.Channel, Start: s.Since, Health: s.IngestHealth, Viewers: int64(o.views(s.ID)),
		})
	}
	return list
}

func (o onAir) Stop(ctx context.Context, channel string) (bool, error) {
	err := o.hub.Stop(ctx, channel)
	if errors.Is(err, stream.ErrNotLive) {
		return false, nil
	}
	return true, err
}

func (o onAir) OnAir(channel string) bool { return o.hub.OnAir(channel) }

func (o onAir) Metadata(channel, text string) (bool, error) {
	err := o.hub.Metadata(channel, stream.Metadata{Name: putMetadata, Data: []byte(text)})
	if errors.Is(err, stream.ErrNotLive) {
		return false, nil
	}
	return true, err
}

// putMetadata is the name of metadata that came by the API.
const putMetadata = "PutMetadata"
