// Package ladder says which renditions a channel makes of an input: channel type,
// transcode preset and input in, renditions out, from tables of the IVS guide's
// "Streaming Configuration" (Amazon IVS Low-Latency Streaming User Guide, 2025; line
// numbers in this project's comments are those of its plain text). Pure functions; no
// I/O, no codecs.
//
//	rendition.go  what goes in and what comes out
//	channel.go    channel types and presets
//	tables.go     the guide's ladders
//	limits.go     the guide's limits on what may be sent
//	for.go        For: a table applied to an input
//
// testdata has every ladder as text, for review.
package ladder
