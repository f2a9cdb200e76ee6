// Package pipeline runs the worker process that transcodes a stream: the
// protocol between the daemon and a worker, and the supervisor that replaces a
// worker that fails.
//
//	         stream's goroutine                      any goroutine
//	 Write ──┐            ▲ Outputs (bounded)        │ Snapshot, PID, Err
//	         │            │                          ▼
//	 ┌───────▼────────────┴──────────────────────────────────┐
//	 │ owner: backlog (replay + queue), gate, strikes, clock │
//	 └───┬───────────▲──────────────────▲────────────────────┘
//	feed │           │ events           │ done
//	 ┌───▼────┐  ┌───┴────┐  ┌────────┐ │ ┌──────────────┐
//	 │ writer │  │ reader │  │ stderr │ └─┤ run: fork,   │   one set per worker
//	 └───┬────┘  └───▲────┘  └───▲────┘   │ wait, reap   │
//	     │ socketpair│           │ pipe   └──────────────┘
//	 ┌───▼───────────┴───────────┴─────┐
//	 │ ladderd worker (pipeline/worker)│
//	 └─────────────────────────────────┘
//
// Who may block: the writer, while the worker does not read; the reader, while
// the owner does not hear; the worker. Who may not: Write and the owner, which
// waits for all its neighbours at once. Who paces whom: the stream's goroutine
// paces the worker (Outputs full: the reader stops, then the worker's sends do);
// nothing paces the source: when the backlog is full the stream cuts to its
// newest keyframe and the worker is replaced.
//
// A worker that fails is never repaired, since what is wrong in it (a driver's
// state, memory) is not known. Its replacement gets the same job with the PTS up
// to which all is out, and the source's packets from the last keyframe that it
// can need; it puts out nothing before the next grid point past that PTS. The
// gate sees to it that the stream's side never hears the same twice. It may be given
// another backend (elsewhere.go); then its parameter sets are others, and all else is
// as with any replacement.
//
// That a worker fails is seen in what comes out of it, not only in its end: it stands still
// (still.go), it is silent or decodes nothing (watch.go), its device is slower than the
// source (behind.go), or the backlog is full (owner.go). What the kernel says of it
// (vitals.go) tells one that hangs from one that gets no CPU.
//
// What a device can do is found out in a worker too, by a Trial in place of a Job
// (Try): a driver that crashes or hangs costs that process.
//
// This package knows neither codecs nor libav, neither channels nor HLS.
package pipeline
