package playback

import (
	"errors"
	"fmt"
	"strings"
)

// The paths of the handler: a channel's playlist, and what lies below a stream,
// with a viewer's session before it or without.
const (
	channelPrefix = "/api/video/v1/"
	sessionPrefix = "/v/"
	streamPrefix  = "/hls/"
	playlistName  = "index.m3u8"
)

var errNoPage = errors.New("no such page")

// place is what a path below a stream names.
type place struct {
	session   string // empty in a path without one
	stream    string
	rendition string
	name      string // of the media, or playlistName
}

// placeOf reads [/v/{session}]/hls/{stream}/{rendition}/{name}. No element may be
// empty, so none of them hides a slash.
func placeOf(path string) (place, bool) {
	var p place
	if rest, ok := strings.CutPrefix(path, sessionPrefix); ok {
		end := strings.IndexByte(rest, '/')
		if end <= 0 {
			return place{}, false
		}
		p.session, path = rest[:end], rest[end:]
	}
	rest, ok := strings.CutPrefix(path, streamPrefix)
	if !ok {
		return place{}, false
	}
	if p.stream, rest, ok = strings.Cut(rest, "/"); !ok {
		return place{}, false
	}
	if p.rendition, p.name, ok = strings.Cut(rest, "/"); !ok {
		return place{}, false
	}
	complete := p.stream != "" && p.rendition != "" && p.name != "" && strings.IndexByte(p.name, '/') < 0
	return p, complete
}

// unnamed is a path without its viewer session, for logs: who reads the session
// there could watch by it.
func unnamed(path string) string {
	if rest, ok := strings.CutPrefix(path, sessionPrefix); ok {
		_, below, _ := strings.Cut(rest, "/")
		return "/" + below
	}
	return path
}

// mediaPrefix is the path below which a viewer finds a stream's renditions. What
// differs from viewer to viewer in the URLs belongs here and nowhere else: the
// media playlists' own URIs are relative to it, so that their bytes are everyone's.
func mediaPrefix(session, stream string) string {
	return sessionPrefix + session + streamPrefix + stream + "/"
}

// PlaybackPath is the path of a channel's multivariant playlist.
func PlaybackPath(region, account, channel string) string {
	return channelPrefix + fmt.Sprintf("%s.%s.channel.%s.m3u8", region, account, channel)
}

// channelOf reads a channel's id out of its playlist's name. Channels of another
// region or account are none of ours.
func (h *Handler) channelOf(playlist string) (string, error) {
	if strings.IndexByte(playlist, '/') >= 0 {
		return "", errNoPage
	}
	rest, ours := strings.CutPrefix(playlist, h.channels)
	id, named := strings.CutSuffix(rest, ".m3u8")
	if !ours || !named || id == "" {
		return "", ErrNoChannel
	}
	return id, nil
}
