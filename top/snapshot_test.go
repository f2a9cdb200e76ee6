package top

import (
	"reflect"
	"strings"
	"testing"

	"ladderd/admission"
	"ladderd/stream"
)

// What is read of streams and devices are fields that the daemon's have, of the same kind. So
// a name that is changed there does not end in a column that is empty.
func TestFieldsAreTheDaemons(t *testing.T) {
	fields(t, "stream", reflect.TypeFor[Stream](), reflect.TypeFor[stream.Status]())
	fields(t, "device", reflect.TypeFor[Device](), reflect.TypeFor[admission.Device]())
	var s Snapshot
	fields(t, "admission", reflect.TypeOf(s.Admission), reflect.TypeFor[admission.Status]())
	fields(t, "lingering", reflect.TypeOf(s.Lingering), reflect.TypeFor[stream.Lingering]())
	if placing != stream.Placing || waiting != stream.Waiting || starving != stream.Starving {
		t.Errorf("the daemon's words are %q, %q, %q", stream.Placing, stream.Waiting, stream.Starving)
	}
}

func fields(t *testing.T, path string, ours, theirs reflect.Type) {
	ours, theirs = bare(ours), bare(theirs)
	if ours.Kind() != reflect.Struct || ours == reflect.TypeFor[struct{}]() || ours.PkgPath() == "time" {
		if ours.Kind() != theirs.Kind() {
			t.Errorf("%s is %s, not %s", path, theirs, ours)
		}
		return
	}
	for _, f := range reflect.VisibleFields(ours) {
		name := path + "." + tag(f)
		their, there := tagged(theirs, tag(f))
		switch {
		case !there:
			t.Errorf("the daemon has no %s", name)
		default:
			fields(t, name, f.Type, their)
		}
	}
}

// bare is what pointers and lists are of.
func bare(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

func tag(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func tagged(t reflect.Type, name string) (reflect.Type, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if tag(f) == name {
			return f.Type, true
		}
	}
	return nil, false
}
