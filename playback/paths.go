package playback

import (
	"errors"
	"fmt"
	"strings"
)

// The patterns of the handler's mux; mediaPrefix must agree with them.
const (
	channelPattern  = "/api/video/v1/{playlist}"
	playlistPattern = "/hls/{stream}/{rendition}/index.m3u8"
	mediaPattern    = "/hls/{stream}/{rendition}/{media}"
)

// mediaPrefix is the path below which a viewer finds a stream's renditions. What
// differs from viewer to viewer in the URLs belongs here and nowhere else.
func mediaPrefix(stream string) string { return "/hls/" + stream + "/" }

// PlaybackPath is the path of a channel's multivariant playlist.
func PlaybackPath(region, account, channel string) string {
	return "/api/video/v1/" + channelPlaylist(region, account, channel)
}

func channelPlaylist(region, account, channel string) string {
	return fmt.Sprintf("%s.%s.channel.%s.m3u8", region, account, channel)
}

var errNoPage = errors.New("no such page")

// channelOf reads a channel's id out of its playlist's name. Channels of another
// region or account are none of ours.
func (h *Handler) channelOf(playlist string) (string, error) {
	rest, ours := strings.CutPrefix(playlist, h.config.Region+"."+h.config.Account+".channel.")
	id, named := strings.CutSuffix(rest, ".m3u8")
	if !ours || !named || id == "" {
		return "", ErrNoChannel
	}
	return id, nil
}
