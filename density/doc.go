// Package density finds out how many channels a machine carries: it has more and more of
// them transcoded at once, in real time, until one falls behind.
//
//	Clip ──┐ packets when they are due, on the wall clock          ┌► Watch ─ lanes ─┐
//	       ├► Carrier: N × pipeline.Supervisor, a worker each ─────┤                 ├► Step ─► search ─► Report
//	Stream ┘ (or what is compared with it)                         └► Meter, devices ┘      ▲──────┘ how many next
//
// # Real time
//
// A channel's source is a broadcast whose packets fall due on the wall clock, as a live
// encoder's do, whether or not anyone is ready for them. What comes out of a worker for a
// picture, or a frame of audio, has a delay: the time since the source's packet with it fell
// due. Each output of each channel is judged alone:
//
//   - It has settled when its delays over the last 2 s lie within one part (Part, 0.36 s).
//     Their median is its settled delay. All have to settle, with no settled delay more than a
//     part above that of the least number of channels that was carried.
//   - From then on, for the whole duration, each packet is due within its settled delay and one
//     part. One packet that is later, or one that is missing for that long, is not real time.
//   - Nor is a worker that fails, is replaced, or is left packets out of (Watch.Fail).
//
// N channels are real time if every output of every one of them is. The answer is the highest
// N that was, over the whole duration. N is doubled and then bisected with shorter runs, the
// answer is confirmed at full length, and one more has to fail twice, since other programs may be
// to blame for once.
//
//	clip.go       a broadcast that goes round and round, on the stream's timeline
//	input.go      how it is generated, or read from a file
//	stream.go     what a channel makes of it: job, and names of the outputs
//	carrier.go    what carries channels; pipelines.go: workers under their supervisors
//	lane.go       one output's delays; watch.go: those of a channel
//	step.go       N channels, started, settled, measured
//	search.go     how many to try next
//	run.go        all of it, to the report; progress.go: what is told meanwhile
//	meter.go      CPU and memory; devices.go: GPUs; shares.go: what of a proof is taken
//	report.go     the figures; compare.go: with older ones
//
// Who may block: nobody but the workers. A source is never paced by them; a supervisor drops
// what its worker cannot take, which ends the step.
//
// This package knows ladders, pipelines and devices; neither HLS nor HTTP.
package density
