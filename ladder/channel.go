package ladder

import (
	"fmt"
	"slices"
	"strings"
)

// Types are all channel types, in the guide's order.
var Types = []Type{Standard, AdvancedHD, AdvancedSD, Basic}

// Presets are all transcode presets, the default first.
var Presets = []Preset{HigherBandwidth, ConstrainedBandwidth}

// CheckPreset refuses a preset that is none, or that a channel of type t cannot
// have. The empty preset is right for every type.
func CheckPreset(t Type, p Preset) error {
	switch {
	case !slices.Contains(Types, t):
		return unknownType(t)
	case p == "":
		return nil
	case !slices.Contains(Presets, p):
		return fmt.Errorf("unknown preset %q: it is one of %s", p, list(Presets))
	case t != AdvancedHD && t != AdvancedSD:
		return fmt.Errorf("a channel of type %s has no preset: only ADVANCED_HD and ADVANCED_SD do", t)
	}
	return nil
}

func unknownType(t Type) error {
	return fmt.Errorf("unknown channel type %q: it is one of %s", t, list(Types))
}

func list[S ~string](names []S) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return strings.Join(texts, ", ")
}

// ladderOf finds the table for a type and preset.
func ladderOf(t Type, p Preset) (ladder, error) {
	if err := CheckPreset(t, p); err != nil {
		return ladder{}, err
	}
	if p == "" {
		p = HigherBandwidth
	}
	switch t {
	case AdvancedHD:
		return advancedHD[p], nil
	case AdvancedSD:
		return advancedSD[p], nil
	case Basic:
		return basic, nil
	default:
		return standard, nil
	}
}
