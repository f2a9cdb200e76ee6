package cloudwatch

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// tree is a structure of a request or of an answer, by the names of CloudWatch's model. A
// request's values are a tree, []any, string, bool, int64, float64 or time.Time, as its protocol
// tells them apart: the query protocol has texts only, and JSON has no times. An answer's values
// are fields, []any, string, float64 or time.Time.
type tree = map[string]any

// text is a string, "" where there is none.
func text(t tree, name string) (string, error) {
	switch v := t[name].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", faultOf(errValue, "The parameter %s must be a string.", name)
}

// needed is a string that must be there.
func needed(t tree, name string) (string, error) {
	v, err := text(t, name)
	if err == nil && v == "" {
		err = faultOf(errMissing, "The parameter %s is required.", name)
	}
	return v, err
}

// whole is a number without a fraction, and whether it is there.
func whole(t tree, name string) (n int64, there bool, err error) {
	wrong := faultOf(errValue, "The parameter %s must be a whole number.", name)
	switch v := t[name].(type) {
	case nil:
		return 0, false, nil
	case int64:
		return v, true, nil
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return 0, true, wrong
		}
		return int64(v), true, nil
	case string:
		if n, err = strconv.ParseInt(v, 10, 64); err != nil {
			return 0, true, wrong
		}
		return n, true, nil
	}
	return 0, true, wrong
}

// yes is a boolean, the default where there is none.
func yes(t tree, name string, otherwise bool) (bool, error) {
	switch v := t[name].(type) {
	case nil:
		return otherwise, nil
	case bool:
		return v, nil
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b, nil
		}
	}
	return false, faultOf(errValue, "The parameter %s must be true or false.", name)
}

// moment is a time that must be there: a date of ISO 8601, or seconds since 1970.
func moment(t tree, name string) (time.Time, error) {
	switch v := t[name].(type) {
	case nil:
		return time.Time{}, faultOf(errMissing, "The parameter %s is required.", name)
	case time.Time:
		return since1970(float64(v.UnixMilli())/1e3, name)
	case int64:
		return since1970(float64(v), name)
	case float64:
		return since1970(v, name)
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"} {
			if at, err := time.Parse(layout, v); err == nil {
				return since1970(float64(at.UnixMilli())/1e3, name)
			}
		}
		if seconds, err := strconv.ParseFloat(v, 64); err == nil {
			return since1970(seconds, name)
		}
	}
	return time.Time{}, faultOf(errValue, "The parameter %s must be a timestamp such as 2026-01-02T03:04:05Z.", name)
}

func since1970(seconds float64, name string) (time.Time, error) {
	if math.IsNaN(seconds) || seconds < 0 || seconds > 253_402_300_799 { // the year 9999
		return time.Time{}, faultOf(errValue, "The parameter %s is no time within the years 1970 to 9999.", name)
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)).UTC(), nil
}

// list is a list of at most so many.
func list(t tree, name string, most int) ([]any, error) {
	switch v := t[name].(type) {
	case nil:
		return nil, nil
	case []any:
		if len(v) > most {
			return nil, faultOf(errValue, "The parameter %s has %d members; at most %d are allowed.", name, len(v), most)
		}
		return v, nil
	case string:
		if v == "" { // as the query protocol writes a list of nothing
			return nil, nil
		}
	}
	return nil, faultOf(errValue, "The parameter %s must be a list.", name)
}

// structures is a list of trees.
func structures(t tree, name string, most int) ([]tree, error) {
	values, err := list(t, name, most)
	if err != nil {
		return nil, err
	}
	trees := make([]tree, len(values))
	for i, v := range values {
		one, ok := v.(tree)
		if !ok {
			return nil, faultOf(errValue, "The parameter %s must be a list of structures.", name)
		}
		trees[i] = one
	}
	return trees, nil
}

// texts is a list of strings.
func texts(t tree, name string, most int) ([]string, error) {
	values, err := list(t, name, most)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(values))
	for i, v := range values {
		s, ok := v.(string)
		if !ok {
			return nil, faultOf(errValue, "The parameter %s must be a list of strings.", name)
		}
		all[i] = s
	}
	return all, nil
}

// structure is a tree, nil where there is none.
func structure(t tree, name string) (tree, error) {
	switch v := t[name].(type) {
	case nil:
		return nil, nil
	case tree:
		return v, nil
	}
	return nil, faultOf(errValue, "The parameter %s must be a structure.", name)
}

// named says which part of a request a fault is in.
func named(err error, format string, about ...any) error {
	f, ok := err.(*Fault)
	if !ok {
		return err
	}
	in := *f
	in.Message = fmt.Sprintf(format, about...) + ": " + f.Message
	return &in
}
