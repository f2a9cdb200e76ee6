package hls

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/Eyevinn/hls-m3u8/m3u8"
	"github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

// Variant is a rendition as the multivariant playlist lists it.
type Variant struct {
	Name               string // of its EXT-X-MEDIA
	URL                string
	Bandwidth, Average int // bits per second
	Codecs             []string
	Width, Height      int // pixels; 0 where it has no video
	FrameRate          float64
	Autoselect         bool
}

// HasVideo says whether the variant has video.
func (v Variant) HasVideo() bool { return v.Width > 0 }

// ParseMultivariant reads a multivariant playlist by both parsers.
func ParseMultivariant(body []byte) ([]Variant, error) {
	var one playlist.Multivariant
	if err := one.Unmarshal(body); err != nil {
		return nil, fmt.Errorf("gohlslib: %w", err)
	}
	other, kind, err := m3u8.DecodeFrom(bytes.NewReader(body), true)
	if err != nil {
		return nil, fmt.Errorf("hls-m3u8: %w", err)
	}
	if kind != m3u8.MASTER {
		return nil, fmt.Errorf("hls-m3u8: no multivariant playlist")
	}
	two := other.(*m3u8.MasterPlaylist).Variants
	if len(one.Variants) != len(two) {
		return nil, fmt.Errorf("the parsers see %d and %d variants", len(one.Variants), len(two))
	}
	names := map[string]*playlist.MultivariantRendition{}
	for _, r := range one.Renditions {
		names[r.GroupID] = r
	}
	variants := make([]Variant, len(two))
	for i, v := range one.Variants {
		w := two[i]
		if v.URI != w.URI || v.Bandwidth != int(w.Bandwidth) || v.Resolution != w.Resolution ||
			strings.Join(v.Codecs, ",") != w.Codecs || v.Video != w.Video {
			return nil, fmt.Errorf("the parsers disagree about variant %d: %+v and %+v", i, v, w.VariantParams)
		}
		named, ok := names[v.Video]
		if !ok {
			return nil, fmt.Errorf("variant %d: no EXT-X-MEDIA of group %q", i, v.Video)
		}
		variants[i] = Variant{
			Name: named.Name, URL: v.URI, Bandwidth: v.Bandwidth, Codecs: v.Codecs,
			Average: int(w.AverageBandwidth), FrameRate: w.FrameRate, Autoselect: named.Autoselect,
		}
		if v.Resolution == "" {
			continue
		}
		if _, err := fmt.Sscanf(v.Resolution, "%dx%d", &variants[i].Width, &variants[i].Height); err != nil {
			return nil, fmt.Errorf("variant %d: resolution %q: %w", i, v.Resolution, err)
		}
	}
	return variants, nil
}
