package worker

import (
	"errors"
	"fmt"

	"ladderd/media"
)

// annexBOutput is part of an encoding whose encoders put out Annex B, as those of GPUs do.
type annexBOutput struct{}

// NAL unit types (H.264, table 7-1).
const (
	nalSPS       = 7
	nalPPS       = 8
	nalDelimiter = 9
)

func (annexBOutput) params(extradata []byte, _ surface) (*media.VideoParams, error) {
	var sps, pps []byte
	for unit, err := range media.AnnexBUnits(extradata) {
		if err != nil {
			return nil, fmt.Errorf("encoder's parameter sets: %w", err)
		}
		switch kind := unit[0] & 0x1f; {
		case kind == nalSPS && sps == nil:
			sps = unit
		case kind == nalPPS && pps == nil:
			pps = unit
		}
	}
	if sps == nil || pps == nil {
		return nil, errors.New("encoder told no parameter sets")
	}
	return media.NewVideoParams(sps, pps)
}

// accessUnit leaves out what a global header makes superfluous, in case a driver writes
// it nevertheless: parameter sets, and delimiters, which only Annex B needs.
func (annexBOutput) accessUnit(data []byte, _ bool) ([]byte, error) {
	out := make([]byte, 0, len(data)+16)
	for unit, err := range media.AnnexBUnits(data) {
		if err != nil {
			return nil, err
		}
		if kind := unit[0] & 0x1f; kind != nalSPS && kind != nalPPS && kind != nalDelimiter {
			out = media.AppendNAL(out, unit)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("encoder put out no picture")
	}
	return out, nil
}
