// Package metrics keeps what is measured of streams, channels and the account, as
// CloudWatch would (guide, lines 2220–2376): a point a second at first, rolled up as
// it ages.
package metrics

import "time"

// Namespaces of series.
const (
	IVS   = "AWS/IVS"
	Usage = "AWS/Usage"
)

// Series is one line over time.
type Series struct {
	Namespace  string      // IVS or Usage
	Name       string      // "IngestBitrate"
	Dimensions []Dimension // in the order of their names; none for the account's
}

// Dimension is what a series is of.
type Dimension struct {
	Name  string // "Channel"
	Value string // the channel's id
}

// Point is what was measured within a period: CloudWatch's statistic set. Average is
// Sum / Count.
type Point struct {
	At       time.Time // the period's start, a multiple of the period since 1970
	Sum      float64
	Min, Max float64
	Count    int64 // of samples; never 0: where nothing was measured there is no point
}
