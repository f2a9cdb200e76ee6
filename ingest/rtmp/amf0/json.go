package amf0

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// AppendJSON writes values behind b as a JSON array. Objects keep their members'
// order; what JSON has no words for (undefined, infinity, NaN) is null. It takes the
// types that Decode gives; anything else is a mistake in the program and panics.
func AppendJSON(b []byte, values ...any) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, v)
	}
	return append(b, ']')
}

func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case []any:
		return AppendJSON(b, v...)
	case Object:
		b = append(b, '{')
		for i, p := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(append(appendPlain(b, p.Key), ':'), p.Value)
		}
		return append(b, '}')
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(b, "null"...)
		}
		return appendPlain(b, v)
	case string, bool:
		return appendPlain(b, v)
	case nil, Undefined:
		return append(b, "null"...)
	}
	panic(fmt.Sprintf("amf0: no JSON for %T", v))
}

// appendPlain leaves <, > and & as they are: the text is not for web pages.
func appendPlain(b []byte, v any) []byte {
	out := bytes.NewBuffer(b)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // neither text nor finite numbers fail
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
