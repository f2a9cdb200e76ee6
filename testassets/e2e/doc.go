// Package e2e holds the end-to-end tests: the real binary, a publisher that is
// not ours, and viewers that are not ours. There is no code in it but tests.
//
//	ladders_test.go   every channel type: aligned, sized, timed and filled as the guide says
//	modes_test.go     ladderd verify: every type in both containers and latency modes, HTTPS, the edge
//	sources_test.go   broadcasts that are hard to handle
//	worker_test.go    the worker is killed in mid-stream
//	browser_test.go   Chromium with hls.js and the demo page
//	refusals_test.go  who may not publish, what is not live
//	demo_test.go      the demo, from its first line to Ctrl-C
//
// Tests wait for conditions, with deadlines that only keep a broken daemon from
// holding the run up for ever.
package e2e
