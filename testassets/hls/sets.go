package hls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/abema/go-mp4"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// ParameterSets are what a decoder of H.264 is set up by, a NAL unit each.
type ParameterSets struct{ SPS, PPS []byte }

// AnnexB is both with start codes.
func (p ParameterSets) AnnexB() []byte {
	start := []byte{0, 0, 0, 1}
	return bytes.Join([][]byte{nil, p.SPS, p.PPS}, start)
}

// ParameterSets are those of the rendition in order, each told once for as long as it
// holds: of the avcC boxes of initialisation sections, and in MPEG-TS of the pictures
// themselves. It fails where an IDR in MPEG-TS does not have both right before it, and
// where a box disagrees with its own sets or holds several.
func (r *Rendition) ParameterSets(ctx context.Context) ([]ParameterSets, error) {
	var all []ParameterSets
	for _, file := range r.files {
		var found []ParameterSets
		var err error
		if strings.HasSuffix(file, ".ts") {
			found, err = setsInBand(ctx, file)
		} else {
			found, err = setsInBox(file)
		}
		if err != nil {
			return nil, fmt.Errorf("parameter sets of %s: %w", file, err)
		}
		for _, p := range found {
			if n := len(all); n == 0 || !bytes.Equal(all[n-1].AnnexB(), p.AnnexB()) {
				all = append(all, p)
			}
		}
	}
	return all, nil
}

// setsInBox reads ISO/IEC 14496-15's AVCDecoderConfigurationRecord.
func setsInBox(file string) ([]ParameterSets, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	boxes, err := mp4.ExtractBoxWithPayload(io.ReadSeeker(f), nil, mp4.BoxPath{mp4.BoxTypeMoov(), mp4.BoxTypeTrak(),
		mp4.BoxTypeMdia(), mp4.BoxTypeMinf(), mp4.BoxTypeStbl(), mp4.BoxTypeStsd(), mp4.StrToBoxType("avc1"), mp4.StrToBoxType("avcC")})
	if err != nil {
		return nil, err
	}
	if len(boxes) != 1 {
		return nil, fmt.Errorf("%d avcC boxes", len(boxes))
	}
	c := boxes[0].Payload.(*mp4.AVCDecoderConfiguration)
	if len(c.SequenceParameterSets) != 1 || len(c.PictureParameterSets) != 1 {
		return nil, fmt.Errorf("avcC has %d SPS and %d PPS", len(c.SequenceParameterSets), len(c.PictureParameterSets))
	}
	sets := ParameterSets{c.SequenceParameterSets[0].NALUnit, c.PictureParameterSets[0].NALUnit}
	if !bytes.HasPrefix(sets.SPS[1:], []byte{c.Profile, c.ProfileCompatibility, c.Level}) {
		return nil, fmt.Errorf("avcC tells profile %d, level %d of SPS %x", c.Profile, c.Level, sets.SPS)
	}
	return []ParameterSets{sets}, nil
}

// setsInBand has ffmpeg take all but IDR slices and parameter sets out, and wants SPS and
// PPS before the first slice of each IDR.
func setsInBand(ctx context.Context, file string) ([]ParameterSets, error) {
	units, err := run(ctx, "ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0:v", "-c", "copy",
		"-bsf:v", "filter_units=pass_types="+nalIDR+"|7-8", "-f", "h264", "-")
	if err != nil {
		return nil, err
	}
	var stream h264.AnnexB
	if err := stream.Unmarshal(units); err != nil {
		return nil, err
	}
	var all []ParameterSets
	var now ParameterSets
	for i, unit := range stream {
		switch h264.NALUType(unit[0] & 0x1f) {
		case h264.NALUTypeSPS:
			now = ParameterSets{SPS: unit}
		case h264.NALUTypePPS:
			now.PPS = unit
		default:
			const firstSlice = 0x80 // first_mb_in_slice, Exp-Golomb coded, is 0
			if unit[1]&firstSlice == 0 {
				continue
			}
			if now.SPS == nil || now.PPS == nil {
				return nil, fmt.Errorf("unit %d is an IDR without SPS and PPS before it", i)
			}
			all = append(all, now)
			now = ParameterSets{}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no IDR")
	}
	return all, nil
}
