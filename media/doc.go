// Package media holds the values that flow through ladderd: tracks, their
// codec parameters, and packets on the 90 kHz clock.
//
// It knows no protocol, no container and no channel. Every other package may
// import it; it imports none of them. Nothing here blocks. A packet's payload
// is shared by all its readers and is never written to once it has been made.
//
//	packet.go   what flows
//	params.go   what a decoder must know of an H.264 or AAC track
//	ticks.go    the clock
//	rate.go     frame rates as fractions
//	avcc.go     NAL units: iterate, check, to and from Annex B
//	sei.go      SEI messages: read, and put into an access unit
//	captions.go closed captions in SEI messages
//	silence.go  AAC frames of silence
package media
