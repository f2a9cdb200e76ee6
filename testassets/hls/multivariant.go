package hls

import (
	"bytes"
	"fmt"
	"strings"

	foreign "github.com/Eyevinn/hls-m3u8/m3u8"
	"github.com/bluenviron/gohlslib/v2/pkg/playlist"

	"ladderd/m3u8"
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

// ParseMultivariant reads a multivariant playlist, as ParseMedia does.
func ParseMultivariant(body []byte) ([]Variant, error) {
	p, err := m3u8.ParseMultivariant(body)
	if err != nil {
		return nil, err
	}
	if len(p.Problems) > 0 {
		return nil, fmt.Errorf("%v", p.Problems)
	}
	if err := agreeOnVariants(p.Variants, body); err != nil {
		return nil, err
	}
	named := map[string]m3u8.Rendition{}
	for _, r := range p.Renditions {
		named[r.GroupID] = r
	}
	variants := make([]Variant, len(p.Variants))
	for i, v := range p.Variants {
		r, ok := named[v.Video]
		if !ok {
			return nil, fmt.Errorf("variant %d: no EXT-X-MEDIA of group %q", i, v.Video)
		}
		variants[i] = Variant{
			Name: r.Name, URL: v.URI, Bandwidth: int(v.Bandwidth), Average: int(v.AverageBandwidth), Codecs: v.Codecs,
			Width: v.Width, Height: v.Height, FrameRate: v.FrameRate, Autoselect: r.Autoselect,
		}
	}
	return variants, nil
}

// agreeOnVariants wants the other parsers to see these variants.
func agreeOnVariants(variants []m3u8.Variant, body []byte) error {
	var one playlist.Multivariant
	if err := one.Unmarshal(body); err != nil {
		return fmt.Errorf("gohlslib: %w", err)
	}
	other, kind, err := foreign.DecodeFrom(bytes.NewReader(body), true)
	if err != nil {
		return fmt.Errorf("hls-m3u8: %w", err)
	}
	if kind != foreign.MASTER {
		return fmt.Errorf("hls-m3u8: no multivariant playlist")
	}
	two := other.(*foreign.MasterPlaylist).Variants
	if len(variants) != len(one.Variants) || len(variants) != len(two) {
		return fmt.Errorf("the parsers see %d, %d and %d variants", len(variants), len(one.Variants), len(two))
	}
	for i, v := range variants {
		a, b := one.Variants[i], two[i]
		resolution := ""
		if v.Width > 0 {
			resolution = fmt.Sprintf("%dx%d", v.Width, v.Height)
		}
		if v.URI != a.URI || v.URI != b.URI || v.Bandwidth != int64(a.Bandwidth) || v.Bandwidth != int64(b.Bandwidth) ||
			resolution != a.Resolution || resolution != b.Resolution || v.Video != a.Video || v.Video != b.Video ||
			strings.Join(v.Codecs, ",") != strings.Join(a.Codecs, ",") || strings.Join(v.Codecs, ",") != b.Codecs ||
			v.AverageBandwidth != int64(b.AverageBandwidth) || v.FrameRate != b.FrameRate {
			return fmt.Errorf("the parsers disagree about variant %d: %+v, %+v and %+v", i, v, a, b.VariantParams)
		}
	}
	return nil
}
