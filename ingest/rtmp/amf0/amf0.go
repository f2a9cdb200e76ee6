// Package amf0 reads and writes the Action Message Format that RTMP's commands
// and metadata are in (AMF 0 specification, Adobe 2007).
//
// It is made for input from strangers: nothing is allocated because a length
// field says so, nesting and the number of values are limited, and what has no
// use in RTMP (movie clips, record sets, AMF3) is an error. Values come out as
// plain Go:
//
//	number, date     float64 (a date in ms since 1970)
//	boolean          bool
//	string, long string, XML document   string, made valid UTF-8
//	object, typed object, ECMA array    Object
//	strict array     []any
//	null             nil
//	undefined, unsupported, reference   Undefined
package amf0

// Markers are section 2.1's type markers.
const (
	markerNumber      = 0x00
	markerBoolean     = 0x01
	markerString      = 0x02
	markerObject      = 0x03
	markerNull        = 0x05
	markerUndefined   = 0x06
	markerReference   = 0x07
	markerECMAArray   = 0x08
	markerObjectEnd   = 0x09
	markerStrictArray = 0x0a
	markerDate        = 0x0b
	markerLongString  = 0x0c
	markerUnsupported = 0x0d
	markerXML         = 0x0f
	markerTypedObject = 0x10
)

// Undefined is ActionScript's undefined.
type Undefined struct{}

// Property is one member of an Object.
type Property struct {
	Key   string
	Value any
}

// Object is an AMF0 object with its members in the order in which they came.
type Object []Property

// Get is the value of the first member of that name, nil where there is none.
func (o Object) Get(key string) any {
	for _, p := range o {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}

// String is the member's text, "" where there is none or it is no text.
func (o Object) String(key string) string {
	s, _ := o.Get(key).(string)
	return s
}

// Number is the member's number; false where there is none or it is none.
func (o Object) Number(key string) (float64, bool) {
	n, ok := o.Get(key).(float64)
	return n, ok
}
