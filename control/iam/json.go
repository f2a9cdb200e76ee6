package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	// documentMost bounds a document, in bytes: IAM's own limit is 6144 characters.
	documentMost = 64 << 10
	// depthMost is more than any document needs, which is 6.
	depthMost = 10
)

// object is a JSON object in the order of its text.
type object struct {
	names  []string
	fields map[string]any
}

// readJSON reads strings, bools, json.Numbers, nil, []any and objects. Names are there once,
// for readers differ on which of two they take.
func readJSON(document []byte) (any, error) {
	if len(document) > documentMost {
		return nil, fmt.Errorf("longer than %d bytes", documentMost)
	}
	if !utf8.Valid(document) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	value, err := readValue(d, 0)
	if err == nil {
		if _, more := d.Token(); more == io.EOF {
			return value, nil
		}
		err = errors.New("there is something behind the policy")
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	line := 1 + bytes.Count(document[:min(int(d.InputOffset()), len(document))], []byte("\n"))
	return nil, fmt.Errorf("line %d: %w", line, err)
}

func readValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	switch {
	case !ok:
		return token, nil
	case depth == depthMost:
		return nil, fmt.Errorf("nested more than %d deep", depthMost)
	case delim == '{':
		return readObject(d, depth)
	}
	list := []any{}
	for d.More() {
		value, err := readValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err = d.Token()
	return list, err
}

func readObject(d *json.Decoder, depth int) (any, error) {
	o := object{fields: map[string]any{}}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // the decoder has seen to that
		if _, twice := o.fields[name]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		value, err := readValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o.names, o.fields[name] = append(o.names, name), value
	}
	_, err := d.Token()
	return o, err
}

// texts reads a string, or a list of them that is not empty.
func texts(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	if len(list) == 0 {
		return nil, errors.New("an empty list")
	}
	var all []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, errors.New("not a string or a list of strings")
		}
		all = append(all, s)
	}
	return all, nil
}
