package e2e

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"ladderd/testassets/doubles"
	"ladderd/testassets/hls"
)

// checkSets wants a rendition that hardware has made to have one encoder's parameter
// sets from its beginning to its end, in the init section or before each IDR: High
// profile, the rendition's size, no picture out of order, and a level that is the
// playlist's. They are among those that the driver told, to the byte; where it writes
// them itself what they tell of colours (the VUI) is the worker's.
func checkSets(t *testing.T, r *hls.Rendition, told []hls.ParameterSets, own bool) {
	t.Helper()
	sets, err := r.ParameterSets(t.Context())
	if err != nil {
		t.Errorf("%s: %v", r.Name, err)
		return
	}
	if len(sets) != 1 {
		t.Errorf("%s: the parameter sets change %d times", r.Name, len(sets)-1)
	}
	checkTold(t, r, sets[0], told, own)
	var sps h264.SPS
	if err := sps.Unmarshal(sets[0].SPS); err != nil {
		t.Errorf("%s: SPS %x: %v", r.Name, sets[0].SPS, err)
		return
	}
	const high = 100 // profile_idc (ITU-T H.264, A.2.4)
	if sps.ProfileIdc != high || sps.Width() != r.Width || sps.Height() != r.Height || !sps.FrameMbsOnlyFlag {
		t.Errorf("%s: profile %d, %d×%d, only frames %t", r.Name, sps.ProfileIdc, sps.Width(), sps.Height(), sps.FrameMbsOnlyFlag)
	}
	if !inOrder(&sps) {
		t.Errorf("%s: picture order count type %d and VUI %+v let pictures be reordered", r.Name, sps.PicOrderCntType, sps.VUI)
	}
	if codec := fmt.Sprintf("avc1.%x", sets[0].SPS[1:4]); !slices.Contains(r.Codecs, codec) {
		t.Errorf("%s: the playlist tells %v of %s", r.Name, r.Codecs, codec)
	}
}

// inOrder says whether decoders may show each picture as soon as it is decoded.
func inOrder(sps *h264.SPS) bool {
	const asDecoded = 2 // pic_order_cnt_type (8.2.1)
	return sps.PicOrderCntType == asDecoded ||
		sps.VUI != nil && sps.VUI.BitstreamRestriction != nil && sps.VUI.BitstreamRestriction.MaxNumReorderFrames == 0
}

// checkTold wants the sets to be some encoder's.
func checkTold(t *testing.T, r *hls.Rendition, sets hls.ParameterSets, told []hls.ParameterSets, own bool) {
	t.Helper()
	if !slices.ContainsFunc(told, func(p hls.ParameterSets) bool {
		same := bytes.Equal(p.SPS, sets.SPS) || own && reflect.DeepEqual(withoutVUI(t, p), withoutVUI(t, sets))
		return same && bytes.Equal(p.PPS, sets.PPS)
	}) {
		t.Errorf("%s: no encoder told %x", r.Name, sets.AnnexB())
	}
}

func withoutVUI(t *testing.T, p hls.ParameterSets) (sps h264.SPS) {
	t.Helper()
	if err := sps.Unmarshal(p.SPS); err != nil {
		t.Fatalf("SPS %x: %v", p.SPS, err)
	}
	sps.VUI = nil
	return sps
}

// parsed are sets as the doubles record them.
func parsed(t *testing.T, headers string) (p hls.ParameterSets) {
	t.Helper()
	b, err := hex.DecodeString(headers)
	if err != nil {
		t.Fatalf("headers %q: %v", headers, err)
	}
	var units h264.AnnexB
	if err := units.Unmarshal(b); err != nil {
		t.Fatalf("headers %q: %v", headers, err)
	}
	for _, unit := range units {
		switch h264.NALUType(unit[0] & 0x1f) {
		case h264.NALUTypeSPS:
			p.SPS = unit
		case h264.NALUTypePPS:
			p.PPS = unit
		}
	}
	return p
}

// toldByNVENC are what a worker's encoders told.
func toldByNVENC(t *testing.T, rig *doubles.Rig, worker int) (all []hls.ParameterSets) {
	t.Helper()
	told, err := rig.Recorded(doubles.ToldHeaders)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range told {
		if e.PID == worker {
			all = append(all, parsed(t, e.Headers))
		}
	}
	return all
}

// toldByVAAPI are what a worker's encoders were given, or told.
func toldByVAAPI(t *testing.T, gpu *doubles.VA, worker int) (all []hls.ParameterSets) {
	t.Helper()
	for _, e := range gpu.Recorded(doubles.VAHeaders) {
		if e.PID == worker {
			all = append(all, parsed(t, e.Headers))
		}
	}
	return all
}
