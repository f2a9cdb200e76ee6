package amf0

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

// written are values and the bytes that Append makes of them.
var written = []struct {
	name   string
	values []any
	bytes  string
}{
	{"number", []any{1.0}, "\x00\x3f\xf0\x00\x00\x00\x00\x00\x00"},
	{"true", []any{true}, "\x01\x01"},
	{"false", []any{false}, "\x01\x00"},
	{"string", []any{"live"}, "\x02\x00\x04live"},
	{"null and undefined", []any{nil, Undefined{}}, "\x05\x06"},
	{"object", []any{Object{{"a", "b"}, {"c", nil}}}, "\x03\x00\x01a\x02\x00\x01b\x00\x01c\x05\x00\x00\x09"},
	{"empty object", []any{Object{}}, "\x03\x00\x00\x09"},
	{"strict array", []any{[]any{true, "x"}}, "\x0a\x00\x00\x00\x02\x01\x01\x02\x00\x01x"},
	{"nested", []any{Object{{"o", Object{{"n", false}}}}}, "\x03\x00\x01o\x03\x00\x01n\x01\x00\x00\x00\x09\x00\x00\x09"},
}

// read are bytes that encoders send and Append never makes.
var read = []struct {
	name   string
	bytes  string
	values []any
}{
	{"ECMA array with an object behind a scalar",
		"\x08\x00\x00\x00\x02\x00\x01a\x00\x3f\xf0\x00\x00\x00\x00\x00\x00\x00\x01b\x03\x00\x01c\x01\x01\x00\x00\x09\x00\x00\x09",
		[]any{Object{{"a", 1.0}, {"b", Object{{"c", true}}}}}},
	{"ECMA array with a wrong count and no end", "\x08\x00\x00\x00\x63\x00\x01a\x01\x01", []any{Object{{"a", true}}}},
	{"long string", "\x0c\x00\x00\x00\x02hi", []any{"hi"}},
	{"XML document", "\x0f\x00\x00\x00\x02hi", []any{"hi"}},
	{"typed object", "\x10\x00\x01T\x00\x01a\x05\x00\x00\x09", []any{Object{{"a", nil}}}},
	{"date", "\x0b\x3f\xf0\x00\x00\x00\x00\x00\x00\x00\x00", []any{1.0}},
	{"reference and unsupported", "\x07\x00\x01\x0d", []any{Undefined{}, Undefined{}}},
	{"string that is not UTF-8", "\x02\x00\x02a\xff", []any{"a\uFFFD"}},
	{"member without a name", "\x03\x00\x00\x05\x00\x00\x09", []any{Object{{"", nil}}}},
	{"nothing", "", nil},
}

var refused = []struct{ name, bytes string }{
	{"number cut off", "\x00\x3f"},
	{"string cut off", "\x02\x00\x09live"},
	{"long string of 4 GiB", "\x0c\xff\xff\xff\xff"},
	{"object without end", "\x03\x00\x01a\x05"},
	{"array of 2³¹−1 elements", "\x0a\x7f\xff\xff\xff\x05\x05"},
	{"movie clip", "\x04"},
	{"AMF3", "\x11\x0a"},
	{"object end alone", "\x09"},
	{"nested 1000 deep", strings.Repeat("\x0a\x00\x00\x00\x01", 1000) + "\x05"},
	{"objects nested 1000 deep", strings.Repeat("\x03\x00\x01a", 1000)},
	{"five thousand values", strings.Repeat("\x05", 5000)},
	{"array of five thousand values", "\x0a\x00\x00\x13\x88" + strings.Repeat("\x05", 5000)},
}

func TestWrittenIsReadBack(t *testing.T) {
	for _, c := range written {
		t.Run(c.name, func(t *testing.T) {
			if got := Append(nil, c.values...); string(got) != c.bytes {
				t.Errorf("written as %x, want %x", got, c.bytes)
			}
			got, err := Decode([]byte(c.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.values) {
				t.Errorf("read back as %#v, want %#v", got, c.values)
			}
		})
	}
}

func TestEncodersVariantsAreRead(t *testing.T) {
	for _, c := range read {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode([]byte(c.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.values) {
				t.Errorf("got %#v, want %#v", got, c.values)
			}
		})
	}
}

func TestHostileValuesAreRefused(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Decode([]byte(c.bytes)); err == nil {
				t.Errorf("taken as %#v", got)
			}
		})
	}
}

func TestLongStringsAreWrittenAsSuch(t *testing.T) {
	long := strings.Repeat("x", 70000)
	got, err := Decode(Append(nil, long))
	if err != nil || len(got) != 1 || got[0] != long {
		t.Fatalf("not read back: %v", err)
	}
}

func TestValuesAsJSON(t *testing.T) {
	values := []any{
		Object{{"text", "a<b> \"\u00e9\""}, {"at", 1.5}, {"n", nil}, {"list", []any{true, Undefined{}}}, {"o", Object{}}},
		math.Inf(1), math.NaN(), "", -2.0,
	}
	want := `x[{"text":"a<b> \"é\"","at":1.5,"n":null,"list":[true,null],"o":{}},null,null,"",-2]`
	if got := AppendJSON([]byte("x"), values...); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := AppendJSON(nil); string(got) != "[]" {
		t.Errorf("no values are %s", got)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range written {
		f.Add([]byte(c.bytes))
	}
	for _, c := range read {
		f.Add([]byte(c.bytes))
	}
	for _, c := range refused {
		f.Add([]byte(c.bytes))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := Decode(b)
		if err != nil {
			return
		}
		if text := AppendJSON(nil, values...); !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		once := Append(nil, values...)
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("own writing is refused: %v", err)
		}
		if twice := Append(nil, again...); !bytes.Equal(once, twice) {
			t.Fatalf("written as %x, then as %x", once, twice)
		}
	})
}
