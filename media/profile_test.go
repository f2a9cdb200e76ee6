package media

import "testing"

func TestProfileAndLevelByName(t *testing.T) {
	for _, c := range []struct {
		profile, constraints, level byte
		name, written               string
	}{
		{66, 0xc0, 40, "Baseline", "4.0"},
		{66, 0, 10, "Baseline", "1.0"},
		{66, 0, 11, "Baseline", "1.1"},
		{66, 0x10, 11, "Baseline", "1b"},
		{77, 0x40, 42, "Main", "4.2"},
		{77, 0x50, 11, "Main", "1b"},
		{88, 0x30, 11, "Extended", "1b"},
		{100, 0, 31, "High", "3.1"},
		{100, 0, 9, "High", "1b"},
		{100, 0x10, 11, "High", "1.1"},
		{110, 0x10, 62, "High 10", "6.2"},
		{122, 0, 51, "High 4:2:2", "5.1"},
		{244, 0, 30, "High 4:4:4 Predictive", "3.0"},
		{44, 0x10, 11, "CAVLC 4:4:4 Intra", "1.1"},
		{118, 0, 40, "", "4.0"},
	} {
		v := &VideoParams{SPS: []byte{0x67, c.profile, c.constraints, c.level}}
		if v.Profile() != c.name || v.Level() != c.written {
			t.Errorf("%s is of profile %q, level %q; want %q, %q", v.Codec(), v.Profile(), v.Level(), c.name, c.written)
		}
	}
}
