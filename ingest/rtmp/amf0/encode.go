package amf0

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Append writes values behind b. It takes the types that Decode gives, and int;
// anything else is a mistake in the program and panics.
func Append(b []byte, values ...any) []byte {
	for _, v := range values {
		b = appendValue(b, v)
	}
	return b
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, markerNull)
	case Undefined:
		return append(b, markerUndefined)
	case int:
		return appendValue(b, float64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, markerNumber), math.Float64bits(v))
	case bool:
		if v {
			return append(b, markerBoolean, 1)
		}
		return append(b, markerBoolean, 0)
	case string:
		return appendString(b, v)
	case Object:
		b = append(b, markerObject)
		for _, p := range v {
			key := p.Key[:min(len(p.Key), math.MaxUint16)]
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(key))), key...)
			b = appendValue(b, p.Value)
		}
		return append(b, 0, 0, markerObjectEnd)
	case []any:
		b = binary.BigEndian.AppendUint32(append(b, markerStrictArray), uint32(len(v)))
		return Append(b, v...)
	}
	panic(fmt.Sprintf("amf0: no encoding for %T", v))
}

func appendString(b []byte, s string) []byte {
	if len(s) > math.MaxUint16 {
		b = binary.BigEndian.AppendUint32(append(b, markerLongString), uint32(len(s)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, markerString), uint16(len(s)))
	}
	return append(b, s...)
}
