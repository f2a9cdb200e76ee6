// Package publish makes broadcasts for end-to-end tests and benchmarks, and sends
// them with encoders that are not ours.
//
//	Clip ──Make──► an FLV file ──► FFmpeg     Debian's ffmpeg, -re -c copy
//	                 (flv: edited) └► Paced    a Go publisher that knows when it
//	                                           sent each frame
//	GStreamer: encodes live and sends by rtmp2sink
//
// Clips are encoded before they are published, so that a test's publisher costs
// next to nothing. Their content is generated, the same each time.
package publish
