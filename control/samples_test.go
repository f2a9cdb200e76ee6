package control

import (
	"fmt"
	"reflect"
	"strings"
)

// Requests by the rules of their shapes: such as are taken, and such as are not.

const (
	testRegion  = "local"
	testAccount = "000000000000"
)

// good is a value that a shape takes.
func good(t reflect.Type) any {
	switch t.Kind() {
	case reflect.Pointer:
		return good(t.Elem())
	case reflect.Struct:
		return goodFields(t)
	case reflect.Slice:
		return []any{good(t.Elem())}
	case reflect.Map:
		return map[string]any{good(t.Key()).(string): good(t.Elem())}
	case reflect.Bool:
		return true
	case reflect.String:
		return goodText(t)
	}
	return max(rules[t].least, 1)
}

// goodFields has what is required alone.
func goodFields(t reflect.Type) map[string]any {
	m := map[string]any{}
	for f := range fieldsOf(t) {
		if f.required {
			m[f.name] = good(f.of)
		}
	}
	return m
}

func goodText(t reflect.Type) string {
	r := rules[t]
	for _, text := range append([]string{"a", "aaa", "aa", "st-" + strings.Repeat("a", 23)}, append(r.words, arnsOfAll...)...) {
		if r.checkText(text) == nil {
			return text
		}
	}
	panic("no good text for " + r.shape)
}

var arnsOfAll = func() (all []string) {
	for _, k := range []kind{kindChannel, kindStreamKey, kindPlaybackKey, kindPolicy, kindRecording, kindAds} {
		all = append(all, arns{testRegion, testAccount}.of(k, "x"))
	}
	return all
}()

// bad are values that a shape does not take, each for another one of its rules.
func bad(t reflect.Type) map[string]any {
	switch r := rules[t]; t.Kind() {
	case reflect.String:
		return badTexts(r)
	case reflect.Slice:
		return map[string]any{"too few": []any{}, "too many": repeat(good(t.Elem()), r.most+1), "no list": "a"}
	case reflect.Map:
		entries := map[string]any{}
		for i := range r.most + 1 {
			entries[fmt.Sprint("k", i)] = "v"
		}
		return map[string]any{"too many": entries, "no map": "a"}
	case reflect.Int, reflect.Int64:
		cases := map[string]any{"too small": r.least - 1, "no number": "a", "a fraction": 1.5}
		if r.most > 0 {
			cases["too large"] = r.most + 1
		}
		return cases
	}
	return nil
}

func badTexts(r rule) map[string]any {
	cases := map[string]any{"no text": 5}
	if r.words != nil {
		cases["no such word"], cases["another case"], cases["empty"] = "NONSENSE", strings.ToLower(r.words[0]), ""
		return cases
	}
	if r.least > 0 {
		cases["empty"] = ""
	}
	if r.least > 1 {
		cases["too short"] = strings.Repeat("a", r.least-1)
	}
	if r.most > 0 {
		long := strings.Repeat("a", r.most+1)
		for _, start := range arnsOfAll { // that only the length is wrong
			if r.checkText(start) == nil {
				long = start + strings.Repeat("x", r.most+1-len(start))
			}
		}
		cases["too long"] = long
	}
	if r.never != "" {
		cases["reserved"] = strings.ToUpper(r.never) + "a"
	}
	if r.form != nil {
		cases["another form"] = "$?"
		if r.least == r.most {
			cases["another form"] = strings.Repeat("$", r.least)
		}
	}
	return cases
}

func repeat(v any, n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = v
	}
	return list
}

type requestField struct {
	name     string
	of       reflect.Type
	required bool
}

// fieldsOf are a request's fields, those of embedded structs included.
func fieldsOf(t reflect.Type) func(func(requestField) bool) {
	return func(yield func(requestField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !yield(requestField{name, f.Type, f.Tag.Get("required") == "true"}) {
				return
			}
		}
	}
}

// broken are requests of a shape that are right but for one thing, by what that is.
func broken(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return broken(t.Elem())
	case reflect.Slice:
		cases := bad(t)
		for what, v := range broken(t.Elem()) {
			cases["element "+what] = []any{v}
		}
		if rules[t].shape == "" { // a list without bounds
			delete(cases, "too few")
			delete(cases, "too many")
		}
		return cases
	case reflect.Map:
		cases := bad(t)
		for what, v := range broken(t.Key()) {
			if text, ok := v.(string); ok {
				cases["key "+what] = map[string]any{text: "v"}
			}
		}
		for what, v := range broken(t.Elem()) {
			cases["value "+what] = map[string]any{"k": v}
		}
		return cases
	case reflect.Struct:
		return brokenFields(t)
	}
	return bad(t)
}

func brokenFields(t reflect.Type) map[string]any {
	cases := map[string]any{}
	for f := range fieldsOf(t) {
		whole := goodFields(t)
		if f.required {
			delete(whole, f.name)
			cases[f.name+" missing"] = whole
		}
		for what, v := range broken(f.of) {
			with := goodFields(t)
			with[f.name] = v
			cases[f.name+" "+what] = with
		}
	}
	return cases
}
