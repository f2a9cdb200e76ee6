// Package cloudwatch reads metrics as Amazon CloudWatch has them read: ListMetrics,
// GetMetricData and GetMetricStatistics, with which stock tools look at what control/metrics
// keeps.
//
//	HTTP ─► protocol (CBOR, JSON or query, by which tool asks) ─► tree ─► operation ─► tree ─► protocol
//
// A protocol makes a tree of a request and bytes of a tree; what the names in it mean is the
// operations' alone, so each is written once. Who may ask is not known here: control does that.
package cloudwatch
