package media

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// guideCaptions is the payload of the guide's example (line 9231 on).
const guideCaptions = "b5003147413934034b00" + guideEntries + "ff"

const guideEntries = "fc94aefc9420fc9140fcc8e5fcececfcef2cfc2054fcf7e9fcf4e3fc6880fc942f"

var captionPayloads = []struct {
	name, payload string
	entries       string // empty where the payload is refused
	empty         bool   // it holds none, rightly
}{
	{"the guide's example", guideCaptions, guideEntries, false},
	{"without the last marker", guideCaptions[:len(guideCaptions)-2], guideEntries, false},
	{"bare entries", guideEntries, guideEntries, false},
	{"one bare entry", "fc942c", "fc942c", false},
	{"additional data", "b500314741393403" + "61ff" + "fc942c" + "ff0102", "fc942c", false},
	{"no entries", "b500314741393403" + "40ff" + "ff", "", true},
	{"entries that are not to be processed", "b500314741393403" + "01ff" + "fc942c" + "ff", "", true},
	{"nothing", "", "", false},
	{"cut off within an entry", guideCaptions[:40], "", false},
	{"cut off behind the head", "b500314741393403", "", false},
	{"more than there are", "b500314741393403" + "5fff" + guideEntries + "ff", "", false},
	{"bytes behind the entries", guideCaptions + "00", "", false},
	{"another byte than the marker behind the entries", guideCaptions[:len(guideCaptions)-2] + "00", "", false},
	{"entries without their marker bits", "b500314741393403" + "41ff" + "04942c" + "ff", "", false},
	{"another provider", "b5002f" + "03" + "41ff" + "fc942c" + "ff", "", false},
	{"another type of A/53 data", "b500314741393406" + "41ff" + "fc942c" + "ff", "", false},
	{"bare entries cut off", "fc942cfc", "", false},
	{"text", "48656c6c6f21", "", false},
}

func TestReadCaptions(t *testing.T) {
	for _, c := range captionPayloads {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadCaptions(unhex(c.payload))
			if hex.EncodeToString(got) != c.entries {
				t.Errorf("read %x, want %s", got, c.entries)
			}
			if refused := c.entries == "" && !c.empty; (err != nil) != refused {
				t.Errorf("error %v, want one: %t", err, refused)
			}
		})
	}
}

// Entries with zeros and threes are what emulation prevention is for.
var plainEntries = []byte{0xfc, 0, 0, 0xf8, 0, 0, 0xfd, 0, 1, 0xfc, 3, 0, 0xff, 2, 0}

func TestCaptionsStandBeforeTheSlices(t *testing.T) {
	slice, pps := []byte{0x65, 0x88, 0x80}, []byte{0x68, 0xce, 0x0f}
	buffering := []byte{0x06, 0x00, 0x01, 0x80, 0x80}
	prefix := []byte{0x6e, 0x40}
	cases := []struct {
		name          string
		before, after [][]byte
	}{
		{"a slice alone", nil, [][]byte{slice}},
		{"other units first", [][]byte{pps, buffering}, [][]byte{slice, slice}},
		{"a prefix unit", [][]byte{buffering}, [][]byte{prefix, slice}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := avcc(slices.Concat(c.before, c.after)...)
			was := bytes.Clone(data)
			got := WithCaptions(data, plainEntries)
			if !bytes.Equal(data, was) {
				t.Error("the access unit itself was changed")
			}
			units := slices.Collect(NALUnits(got))
			want := slices.Concat(c.before, [][]byte{units[len(c.before)]}, c.after)
			if !slices.EqualFunc(units, want, bytes.Equal) {
				t.Errorf("units are %x", units)
			}
			sei := units[len(c.before)]
			for _, code := range []string{"\x00\x00\x00", "\x00\x00\x01", "\x00\x00\x02"} {
				if bytes.Contains(sei, []byte(code)) {
					t.Errorf("the unit %x looks like a start code", sei)
				}
			}
			if entries := Captions(got); !bytes.Equal(entries, plainEntries) {
				t.Errorf("read back %x", entries)
			}
		})
	}
}

func TestCaptionsOfSeveralMessages(t *testing.T) {
	data := WithCaptions(avcc([]byte{0x41, 0x9a}), unhex("fc942c"))
	if got := Captions(WithCaptions(data, unhex("fc942f"))); hex.EncodeToString(got) != "fc942cfc942f" {
		t.Errorf("read %x", got)
	}
	if got := Captions(avcc([]byte{0x06, 0x04, 0xff, 0xff, 0xb5}, []byte{0x41, 0x9a})); got != nil {
		t.Errorf("read %x of a message longer than its unit", got)
	}
	full := bytes.Repeat([]byte{0xfc, 0x80, 0x80}, MaxCaptions/CaptionSize)
	if got := Captions(WithCaptions(data, full)); len(got) != MaxCaptions+CaptionSize {
		t.Errorf("read %d bytes", len(got))
	}
}

func TestPaddingIsNoCaption(t *testing.T) {
	cases := map[string]bool{
		"":                   false,
		"fc8080fd8080fa0000": false, // CEA-608 padding, and CEA-708's
		"f8942cf9942c":       false, // not valid
		"fc8080fc942c":       true,
		"ff0221fe2141":       true,
	}
	for entries, want := range cases {
		if got := Captioned(unhex(entries)); got != want {
			t.Errorf("%q: %t", entries, got)
		}
	}
}

// avcc is an access unit of these NAL units.
func avcc(units ...[]byte) (data []byte) {
	for _, u := range units {
		data = AppendNAL(data, u)
	}
	return data
}

func FuzzReadCaptions(f *testing.F) {
	for _, c := range captionPayloads {
		f.Add(unhex(c.payload))
	}
	f.Add([]byte(strings.Repeat("\xfc\x00\x00", 31)))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := ReadCaptions(b)
		if err != nil {
			return
		}
		if len(entries)%CaptionSize != 0 || !areCaptions(entries) {
			t.Fatalf("read %x", entries)
		}
		entries = entries[:min(len(entries), MaxCaptions)]
		au := WithCaptions(avcc([]byte{0x41, 0x9a}), entries)
		if err := CheckAVCC(au); err != nil {
			t.Fatal(err)
		}
		if got := Captions(au); !bytes.Equal(got, entries) {
			t.Fatalf("wrote %x, read %x", entries, got)
		}
		Captions(avcc(append([]byte{nalSEI}, b...), []byte{0x41, 0x9a})) // anything may stand in a unit
	})
}
