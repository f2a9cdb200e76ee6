package media

import "fmt"

// profiles names profile_idc (ITU-T H.264, A.2), as the API's stream sessions do: with no
// regard to the constraints (guide, line 2228: avc1.42C028 is "Baseline").
var profiles = map[byte]string{
	44: "CAVLC 4:4:4 Intra", 66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10",
	122: "High 4:2:2", 244: "High 4:4:4 Predictive",
}

// Profile is the profile's name, such as "High"; empty for one that has none here.
func (v *VideoParams) Profile() string { return profiles[v.SPS[1]] }

// constraintSet3 is where constraint_set3_flag stands in the SPS's third byte.
const constraintSet3 = 0x10

// Level is the level as it is written, such as "3.1" and "1b" (ITU-T H.264, 7.4.2.1.1 and
// A.3): the latter is level_idc 9, and 11 with constraint_set3_flag in the profiles that are
// older than High.
func (v *VideoParams) Level() string {
	profile, constraints, level := v.SPS[1], v.SPS[2], v.SPS[3]
	old := profile == 66 || profile == 77 || profile == 88
	if level == 9 || old && level == 11 && constraints&constraintSet3 != 0 {
		return "1b"
	}
	return fmt.Sprintf("%d.%d", level/10, level%10)
}
