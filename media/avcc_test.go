package media

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNALUnits(t *testing.T) {
	for _, c := range []struct {
		name string
		data string
		want []string
		err  string // part of CheckAVCC's error; empty where the data are whole
	}{
		{"one unit", "\x00\x00\x00\x02\x65\x88", []string{"\x65\x88"}, ""},
		{"two units", "\x00\x00\x00\x01\x06\x00\x00\x00\x02\x41\x9a", []string{"\x06", "\x41\x9a"}, ""},
		{"an empty unit between", "\x00\x00\x00\x01\x06\x00\x00\x00\x00\x00\x00\x00\x01\x65", []string{"\x06", "\x65"}, ""},
		{"nothing", "", nil, "is empty"},
		{"only empty units", "\x00\x00\x00\x00\x00\x00\x00\x00", nil, "is empty"},
		{"a length cut short", "\x00\x00\x00\x01\x65\x00\x00", []string{"\x65"}, "byte 5 of 7: 2 bytes left over"},
		{"a unit cut short", "\x00\x00\x00\x01\x65\x00\x00\x00\x03\x41\x9a", []string{"\x65"}, "a NAL unit of 3 bytes where 2 are left"},
		{"a length past 2 GiB", "\xff\xff\xff\xff\x65", nil, "a NAL unit of 4294967295 bytes where 1 are left"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for unit := range NALUnits([]byte(c.data)) {
				got = append(got, string(unit))
			}
			if strings.Join(got, "|") != strings.Join(c.want, "|") || len(got) != len(c.want) {
				t.Errorf("units %q, want %q", got, c.want)
			}
			checkError(t, CheckAVCC([]byte(c.data)), c.err)
		})
	}
}

func TestNALUnitsStopsWhereTheReaderStops(t *testing.T) {
	for unit := range NALUnits([]byte("\x00\x00\x00\x01\x06\x00\x00\x00\x01\x65")) {
		if unit[0] != 6 {
			t.Fatalf("unit %x after the loop was left", unit)
		}
		break
	}
}

func TestAnnexBToAVCC(t *testing.T) {
	for _, c := range []struct {
		name, src, want, err string
	}{
		{"long start code", "\x00\x00\x00\x01\x65\x88", "\x00\x00\x00\x02\x65\x88", ""},
		{"short start code", "\x00\x00\x01\x65\x88", "\x00\x00\x00\x02\x65\x88", ""},
		{"both", "\x00\x00\x00\x01\x06\x05\x00\x00\x01\x65", "\x00\x00\x00\x02\x06\x05\x00\x00\x00\x01\x65", ""},
		{"zero bytes around", "\x00\x00\x00\x00\x01\x06\x00\x00\x00\x00\x01\x65\x00\x00", "\x00\x00\x00\x01\x06\x00\x00\x00\x01\x65", ""},
		{"emulation prevention stays", "\x00\x00\x01\x65\x00\x00\x03\x01", "\x00\x00\x00\x05\x65\x00\x00\x03\x01", ""},
		{"start codes in a row", "\x00\x00\x01\x00\x00\x01\x65", "\x00\x00\x00\x01\x65", ""},
		{"nothing", "", "", "does not begin with a start code"},
		{"no start code", "\x65\x88\x84", "", "does not begin with a start code"},
		{"bytes before the first start code", "\x65\x00\x00\x01\x65", "", "does not begin with a start code"},
		{"no unit", "\x00\x00\x00\x01", "", "is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AnnexBToAVCC([]byte("before"), []byte(c.src))
			if string(got) != "before"+c.want {
				t.Errorf("got %x, want %x behind what was there", got, c.want)
			}
			checkError(t, err, c.err)
		})
	}
}

func TestAVCCToAnnexBRefusesBrokenUnits(t *testing.T) {
	got, err := AVCCToAnnexB([]byte("before"), []byte("\x00\x00\x00\x01\x65\x00\x00\x00\x09\x41"))
	if string(got) != "before" {
		t.Errorf("got %q, want what was there and no more", got)
	}
	checkError(t, err, "a NAL unit of 9 bytes where 1 are left")
}

// TestAVCCRoundTrip makes units as an encoder does, without zero bytes at the end
// and with emulation prevention, and takes them both ways.
func TestAVCCRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 3, 0x65}), 0, 40)
		var avcc []byte
		for _, u := range rapid.SliceOfN(unit, 1, 5).Draw(t, "units") {
			u = append([]byte{0x65}, bytes.ReplaceAll(u, []byte{0, 0}, []byte{0, 0, 3})...)
			avcc = AppendNAL(avcc, append(u, 0x80))
		}
		annexB, err := AVCCToAnnexB(nil, avcc)
		if err != nil {
			t.Fatal(err)
		}
		back, err := AnnexBToAVCC(nil, annexB)
		if err != nil || !bytes.Equal(back, avcc) {
			t.Fatalf("%x came back as %x, %v", avcc, back, err)
		}
	})
}

func FuzzAccessUnits(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x65\x88\x84"))
	f.Add([]byte("\x00\x00\x00\x02\x65\x88\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if avcc, err := AnnexBToAVCC(nil, data); err == nil {
			if err := CheckAVCC(avcc); err != nil {
				t.Errorf("%x became %x: %v", data, avcc, err)
			}
		}
		if CheckAVCC(data) == nil {
			total := 0
			for unit := range NALUnits(data) {
				total += len(unit)
			}
			if total == 0 {
				t.Errorf("%x is said to be whole and has no unit", data)
			}
		}
	})
}

// checkError wants an error with part in its text, or none where part is empty.
func checkError(t testing.TB, err error, part string) {
	t.Helper()
	switch {
	case part == "" && err != nil:
		t.Errorf("error %q, want none", err)
	case part != "" && (err == nil || !strings.Contains(err.Error(), part)):
		t.Errorf("error %v, want one with %q", err, part)
	}
}

func TestAVCConfig(t *testing.T) {
	v, err := NewVideoParams(unhex("6764001facb200a00b760220000003002000000641e30649"), somePPS)
	if err != nil {
		t.Fatal(err)
	}
	const want = "0164001fffe1" + "0018" + "6764001facb200a00b760220000003002000000641e30649" + "01" + "0006" + "68ebe3cb22c0"
	if got := hex.EncodeToString(v.AVCConfig()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
