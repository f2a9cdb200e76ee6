// Package exposition shows what the daemon does as Prometheus reads it.
//
// Nothing is counted here but what ends with a stream: each scrape asks Sources how things
// stand, and makes metrics of the answers. So there is no metric of something that has gone, and
// a daemon that nobody scrapes does nothing for it. Each metric is a row (one of the files
// below), with its words; docs/metrics.md is made of these.
//
// A channel has one stream at a time, so series are by channel and begin anew with each stream.
// None is by viewer, publisher's address or stream, of which there is no end.
package exposition
