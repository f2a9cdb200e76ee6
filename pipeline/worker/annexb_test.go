package worker

import (
	"bytes"
	"slices"
	"testing"

	"ladderd/media"
)

func TestAnnexBOutputBecomesAVCC(t *testing.T) {
	start := []byte{0, 0, 0, 1}
	annexB := func(units ...[]byte) (b []byte) {
		for _, u := range units {
			b = append(append(b, start...), u...)
		}
		return b
	}
	sei, idr := []byte{6, 1, 2}, []byte{0x65, 7, 8}
	got, err := annexBOutput{}.accessUnit(annexB([]byte{9, 0xf0}, []byte{0x67, 1}, []byte{0x68, 1}, sei, idr), true)
	if want := media.AppendNAL(media.AppendNAL(nil, sei), idr); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got % x, %v, want % x", got, err, want)
	}
	for _, bad := range [][]byte{nil, {1, 2, 3}, annexB([]byte{0x67, 1})} {
		if got, err := (annexBOutput{}).accessUnit(bad, false); err == nil {
			t.Errorf("% x became % x", bad, got)
		}
	}
}

func TestParameterSetsAreReadFromAnnexB(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 1), ultrafast...), "-g", "30")...)
	extradata := slices.Concat([]byte{0, 0, 0, 1}, s.video.SPS, []byte{0, 0, 1}, s.video.PPS)
	got, err := annexBOutput{}.params(extradata, surface{})
	if err != nil || !got.Same(&s.video) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range [][]byte{nil, extradata[4:], slices.Concat([]byte{0, 0, 1}, s.video.SPS)} {
		if got, err := (annexBOutput{}).params(bad, surface{}); err == nil {
			t.Errorf("% x gave %+v", bad, got)
		}
	}
}
