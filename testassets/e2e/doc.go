// Package e2e holds the end-to-end tests: the real binary, a publisher that is
// not ours, and viewers that are not ours. There is no code in it but tests.
//
//	ladders_test.go   every channel type: aligned, sized, timed and filled as the guide says
//	modes_test.go     ladderd verify: the modes of each type that no ladder test has, HTTPS, the edge
//	sources_test.go   broadcasts that are hard to handle
//	worker_test.go    the worker is killed in mid-stream, while players, parsers and verify watch
//	seam_test.go      Chromium with hls.js and with Shaka: each frame at each change of rendition
//	browser_test.go   Chromium with sound alone
//	load_test.go      ladderd load, ladderd top
//	leak_test.go      what ended streams leave behind
//	refusals_test.go  who may not publish, what is not live
//	takeover_test.go  one encoder after another in the same stream
//	api_test.go       the AWS CLI and the AWS SDK for JavaScript drive the API, and the daemon is killed
//	hardware_test.go  ladders on the doubles of GPUs' drivers, and what the drivers were given
//	hardware_faults_test.go  a worker killed, a takeover and an encoder that fails, on GPUs
//	faults_test.go    every fault of every encoder in mid-broadcast; docs/faults.md is what came of it
//	hardware_own_test.go     ladders on this machine's own GPU, for make test-gpu
//	demo_test.go      the demo, from its first line to Ctrl-C
//	cores_test.go     how tests share the machine
//
// A test takes real time and little of a core, so they all run at once, as far as the
// cores suffice: each says by useCPU what it takes. A broadcast serves all checks
// that it can.
//
// Tests wait for conditions, with deadlines that only keep a broken daemon from
// holding the run up for ever.
package e2e
