// Command bench measures ladderd against what is asked of it, on this machine, in
// one run, as ratios:
//
//	bench ladder   CPU and picture quality of a 1080p60 STANDARD ladder, beside
//	               the stock ffmpeg's
//	bench latency  time from the publisher to the first part, and to each part
//
//	ladder.go    rounds of the contenders, interleaved     ladderreport.go
//	worker.go      our contender: a worker under its supervisor
//	stock.go       the others: Debian's ffmpeg
//	psnr.go        quality against the source, scaled; bit rates
//	latency.go   the real daemon, broadcast after broadcast  latencyreport.go
//	publisher.go   when each frame was sent
//	viewer.go      when each part had come, and what it holds
//	source.go    the clip that all of it is measured with
//	figures.go   percentiles, spans, verdicts, the machine's load
package main
