package amf0

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

const (
	// maxDepth is how deep objects and arrays may nest. The deepest that an
	// encoder sends is 3 (a multitrack connect).
	maxDepth = 16
	// maxValues is how many values one message may hold. onMetaData has some 30;
	// each costs a few dozen bytes of memory for as little as one on the wire.
	maxValues = 4096
)

var errShort = errors.New("amf0: value ends early")

// Decode reads all values of a message. With an error come the values before
// the one that is damaged.
func Decode(b []byte) ([]any, error) {
	d := decoder{rest: b, budget: maxValues}
	var values []any
	for len(d.rest) > 0 {
		v, err := d.value(0)
		if err != nil {
			return values, err
		}
		values = append(values, v)
	}
	return values, nil
}

type decoder struct {
	rest   []byte
	budget int // values that may still come
}

func (d *decoder) take(n int) ([]byte, error) {
	if n > len(d.rest) {
		return nil, errShort
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b, nil
}

func (d *decoder) value(depth int) (any, error) {
	if d.budget--; d.budget < 0 {
		return nil, fmt.Errorf("amf0: more than %d values in a message", maxValues)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("amf0: values nested deeper than %d", maxDepth)
	}
	m, err := d.take(1)
	if err != nil {
		return nil, err
	}
	switch m[0] {
	case markerNull:
		return nil, nil
	case markerUndefined, markerUnsupported:
		return Undefined{}, nil
	case markerObject, markerTypedObject, markerECMAArray, markerStrictArray:
		return d.composite(m[0], depth)
	}
	return d.scalar(m[0])
}

func (d *decoder) scalar(marker byte) (any, error) {
	switch marker {
	case markerNumber:
		return d.number()
	case markerBoolean:
		b, err := d.take(1)
		if err != nil {
			return nil, err
		}
		return b[0] != 0, nil
	case markerString:
		return d.text(2)
	case markerLongString, markerXML:
		return d.text(4)
	case markerReference:
		_, err := d.take(2)
		return Undefined{}, err
	case markerDate:
		ms, err := d.number()
		if err != nil {
			return nil, err
		}
		_, err = d.take(2) // the time zone, which section 2.13 reserves
		return ms, err
	}
	return nil, fmt.Errorf("amf0: type marker 0x%02x is not supported", marker)
}

func (d *decoder) composite(marker byte, depth int) (any, error) {
	switch marker {
	case markerTypedObject:
		if _, err := d.text(2); err != nil { // the class's name
			return nil, err
		}
	case markerECMAArray:
		if _, err := d.take(4); err != nil { // a count that encoders get wrong
			return nil, err
		}
		return d.members(depth, depth == 0)
	case markerStrictArray:
		return d.array(depth)
	}
	return d.members(depth, false)
}

// members reads to the object's end. Some encoders leave out the end marker of
// an ECMA array that ends the message: mayStop allows that.
func (d *decoder) members(depth int, mayStop bool) (Object, error) {
	o := Object{}
	for {
		if mayStop && len(d.rest) == 0 {
			return o, nil
		}
		key, err := d.text(2)
		if err != nil {
			return nil, err
		}
		if key == "" && len(d.rest) > 0 && d.rest[0] == markerObjectEnd {
			d.rest = d.rest[1:]
			return o, nil
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o = append(o, Property{key, v})
	}
}

func (d *decoder) array(depth int) ([]any, error) {
	b, err := d.take(4)
	if err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(d.rest)) { // every element takes a byte at least
		return nil, errShort
	}
	if int(n) > d.budget {
		return nil, fmt.Errorf("amf0: more than %d values in a message", maxValues)
	}
	a := make([]any, 0, n)
	for range n {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	return a, nil
}

func (d *decoder) number() (float64, error) {
	b, err := d.take(8)
	if err != nil {
		return 0, err
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

// text reads a string behind a length of lengthSize bytes, 2 or 4.
func (d *decoder) text(lengthSize int) (string, error) {
	b, err := d.take(lengthSize)
	if err != nil {
		return "", err
	}
	n := 0
	if lengthSize == 2 {
		n = int(binary.BigEndian.Uint16(b))
	} else {
		long := binary.BigEndian.Uint32(b)
		if uint64(long) > uint64(len(d.rest)) {
			return "", errShort
		}
		n = int(long)
	}
	if b, err = d.take(n); err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), nil
}
