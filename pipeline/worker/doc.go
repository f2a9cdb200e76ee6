// Package worker is what runs in a worker process: the libav graph that makes one
// stream's encoded renditions, and the loop that joins it to the supervisor's
// socket. It is the only package that may import go-astiav. It knows no channel, no
// ladder and no HLS: all it needs is in its pipeline.Job.
//
//	socket ─► receive ─► feed ─┬─► video ─► decode ─► pictures ─► split ─┬─► queue ─► encode ─┐
//	                           │                                         ├─► queue ─► encode ─┼─► socket
//	                           │                                         └─► queue ─► encode ─┤
//	                           └─► audio ─► decode, resample, encode at each bit rate ────────┘
//	                                                                       heartbeat ─────────┘
//
// Each word after an arrow that is not a queue is a goroutine. split is where the
// decisions are made, once for all renditions: pipeline/pace says which pictures go on and
// which are grid points; cascade.go thins them for each rendition and scales each
// from the next larger one. A picture carries its PTS and whether it is a grid point
// all the way, so that an IDR is a property of the picture and never of a count.
//
// Every queue is short, and a full one stops its producer, down to the socket. That
// is how the supervisor notices a worker that is too slow; nothing is dropped here.
// The first error of any goroutine stops them all.
//
// What depends on GPUs and on the encoder's make is put together in a backend
// (backend.go), by Job.Backend: who decodes (opendecoder.go), where pictures are scaled
// (swscale.go, devicescale.go) and what encodes them (x264.go, nvenc.go). A picture lies in
// main memory or on the job's device (device.go; cuda.go), and cascade.go moves it
// (transfer.go) to where it is needed.
//
// Instead of a job a worker may be sent a trial (trial.go): the same pieces do one thing
// with generated pictures, to find out what a device does.
package worker
