package srt

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// accessControl begins a stream id in the form of the SRT Access Control Guidelines.
const accessControl = "#!:"

var (
	errStreamID = errors.New("the stream id is not of a form that is known")
	errMode     = errors.New("this port takes publishers (m=publish); viewers watch over HLS")
	errType     = errors.New("this port takes live streams (t=stream) only")
)

// streamKey finds the stream key and the parameters in a stream id, which has one of
// two forms (guide, lines 9060 and 9293):
//
//	KEY?priority=3
//	#!::u=KEY,priority=3
//
// In the second one the guidelines' r, a resource, stands for a u that is missing; m
// is the mode, where publish need not be said, t the type; h and s, a host and a
// session, have no meaning here.
func streamKey(id string) (string, url.Values, error) {
	if !strings.HasPrefix(id, accessControl) {
		key, query, _ := strings.Cut(id, "?")
		values, _ := url.ParseQuery(query) // what cannot be read is left out
		return wanted(key, values)
	}
	list, ok := strings.CutPrefix(id[len(accessControl):], ":")
	if !ok {
		return "", nil, fmt.Errorf("%w: only lists, #!::key=value,…, are", errStreamID)
	}
	fields, err := readList(list)
	if err != nil {
		return "", nil, err
	}
	switch m := fields.Get("m"); m {
	case "", "publish":
	default:
		return "", nil, errMode
	}
	switch t := fields.Get("t"); t {
	case "", "stream":
	default:
		return "", nil, errType
	}
	key := fields.Get("u")
	if key == "" {
		key = fields.Get("r")
	}
	for _, name := range []string{"u", "r", "h", "s", "m", "t"} {
		fields.Del(name)
	}
	return wanted(key, fields)
}

// readList reads key=value pairs between commas.
func readList(list string) (url.Values, error) {
	fields := url.Values{}
	for field := range strings.SplitSeq(list, ",") {
		if field == "" {
			continue
		}
		name, value, ok := strings.Cut(field, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%w: a field of the list is not key=value", errStreamID)
		}
		fields.Add(name, value)
	}
	return fields, nil
}

func wanted(key string, query url.Values) (string, url.Values, error) {
	if key == "" {
		return "", nil, fmt.Errorf("%w: it has no stream key", errStreamID)
	}
	return key, query, nil
}
