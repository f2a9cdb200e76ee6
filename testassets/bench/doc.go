// Command bench measures ladderd against what is asked of it, on this machine, in
// one run, as ratios:
//
//	bench ladder   CPU and picture quality of a 1080p60 STANDARD ladder, beside
//	               the stock ffmpeg's
//	bench density  how many channels are real time in software, beside plain ffmpeg
//	               processes that make the same ladders
//	bench latency  time from the publisher to the first part, and to each part
//	bench glass    time from a live camera to a browser's screen, and from opening
//	               the player page to its first frame
//	bench viewers  CPU, memory and part latency of thousands of viewers, beside
//	               nginx's with the same bytes
//	bench channels CPU and memory of many BASIC channels at once
//	bench observe  CPU and memory of metrics and events, beside a daemon that has neither
//	bench ingest   CPU of publishers over each protocol, and 200 of them at once
//
//	ladder.go    rounds of the contenders, interleaved     ladderreport.go
//	worker.go      our contender: a worker under its supervisor
//	stock.go       the others: Debian's ffmpeg
//	psnr.go        quality against the source, scaled; bit rates
//	density.go   ladderd bench and ffmpeg in turn          densityreport.go
//	densitystock.go  ffmpeg processes as channels of package density
//	latency.go   the real daemon, broadcast after broadcast  latencyreport.go
//	publisher.go   when each frame was sent
//	viewer.go      when each part had come, and what it holds
//	glass.go     a camera, the real daemon, Chromium   glassreport.go
//	crowd.go     package load's viewers, then as many of nginx's  crowdreport.go
//	recording.go   what a viewer was sent, as files
//	nginx.go       the server of those files
//	replay.go      its viewers, who ask when the live ones did
//	channels.go  many publishers, no viewers
//	observe.go   a daemon with all that observes, beside one without  observereport.go
//	ingest.go    protocols' servers alone, then many publishers  ingestreport.go
//	ingestsrt.go   SRT's publishers and its baseline
//	ingestserver.go  such a server, as a process of its own
//	source.go    the clip that all of it is measured with
//	figures.go   percentiles, spans, verdicts, the machine's load
package main
