package doubles_test

import (
	"testing"

	"ladderd/testassets/doubles"
)

var one = doubles.Box{Cards: []doubles.Card{{}}, Without: []doubles.Library{doubles.NVML}}

// short is an encoding that works.
func short(from source) encoding {
	return encoding{
		From: from, Width: 320, Height: 180, Pictures: 12, IDRs: map[int]bool{0: true, 5: true},
		Options: map[string]string{"forced-idr": "1", "delay": "0", "preset": "p4", "tune": "ll", "rc": "cbr", "b": "500000", "g": "1000"},
	}
}

func TestNVENCEncodesFromEachKindOfMemory(t *testing.T) {
	t.Parallel()
	for _, from := range []source{system, uploaded, scaled} {
		t.Run(string(from), func(t *testing.T) {
			r := doubles.New(t, one)
			a := short(from).on(t, r)
			if a.Error != "" {
				t.Fatal(a.Error)
			}
			for i, p := range a.Packets {
				if want := i == 0 || i == 5; p.Key != want || p.PTS != int64(i) {
					t.Errorf("packet %d: PTS %d, key %v", i, p.PTS, p.Key)
				}
			}

			if len(a.Packets) != 12 {
				t.Errorf("%d packets of 12 pictures", len(a.Packets))
			}
		})
	}
}
