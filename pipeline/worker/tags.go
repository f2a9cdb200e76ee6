package worker

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/asticode/go-astiav"
)

// chromaLeft is libav's number for chroma samples that lie where players expect them
// without being told (H.264, E.2.1).
const chromaLeft = 1

// unspecified is libav's and H.264's number for primaries, transfer and matrix that nobody
// told (H.264, tables E-3 to E-5).
const unspecified = 2

// withTags has the sequence parameter set among Annex B's units say of the pictures what s
// does: their colours, and where chroma lies. What s does not know stays as it is.
func withTags(sets []byte, s surface) ([]byte, error) {
	found := astiav.FindBitStreamFilterByName("h264_metadata")
	if found == nil {
		return nil, errors.New("this build's libavcodec has no h264_metadata")
	}
	filter, err := astiav.AllocBitStreamFilterContext(found)
	if err != nil {
		return nil, fmt.Errorf("allocate h264_metadata: %w", err)
	}
	defer filter.Free()
	in := filter.InputCodecParameters()
	in.SetMediaType(astiav.MediaTypeVideo)
	in.SetCodecID(astiav.CodecIDH264)
	if err := in.SetExtraData(sets); err != nil {
		return nil, fmt.Errorf("allocate parameter sets: %w", err)
	}
	for name, value := range tags(s) {
		if err := filter.PrivateData().Options().Set(name, strconv.Itoa(value), astiav.NewOptionSearchFlags()); err != nil {
			return nil, fmt.Errorf("set %s=%d: %w", name, value, err)
		}
	}
	if err := filter.Initialize(); err != nil {
		return nil, fmt.Errorf("write what colours mean: %w", err)
	}
	return filter.OutputCodecParameters().ExtraData(), nil
}

// tags are h264_metadata's options for what s knows.
func tags(s surface) map[string]int {
	known := map[string]int{}
	for name, value := range map[string]int{
		"colour_primaries": s.primaries, "transfer_characteristics": s.transfer, "matrix_coefficients": int(s.space),
	} {
		if value != unspecified {
			known[name] = value
		}
	}
	switch s.rang {
	case astiav.ColorRangeJpeg:
		known["video_full_range_flag"] = 1
	case astiav.ColorRangeMpeg:
		known["video_full_range_flag"] = 0
	}
	if s.chroma > chromaLeft {
		// H.264 counts from 0 what libav counts from 1 (table E-1's chroma_sample_loc_type).
		known["chroma_sample_loc_type"] = s.chroma - 1
	}
	return known
}
