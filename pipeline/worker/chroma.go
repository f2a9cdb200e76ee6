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

// withChromaLocation has the sequence parameter set in an encoder's extradata say where
// chroma lies, in libav's numbers.
func withChromaLocation(extradata []byte, chroma int) ([]byte, error) {
	if chroma <= chromaLeft {
		return extradata, nil
	}
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
	if err := in.SetExtraData(extradata); err != nil {
		return nil, fmt.Errorf("allocate parameter sets: %w", err)
	}
	// H.264 counts from 0 what libav counts from 1 (table E-1's chroma_sample_loc_type).
	value := strconv.Itoa(chroma - 1)
	if err := filter.PrivateData().Options().Set("chroma_sample_loc_type", value, astiav.NewOptionSearchFlags()); err != nil {
		return nil, fmt.Errorf("set chroma_sample_loc_type=%s: %w", value, err)
	}
	if err := filter.Initialize(); err != nil {
		return nil, fmt.Errorf("write where chroma lies: %w", err)
	}
	return filter.OutputCodecParameters().ExtraData(), nil
}
