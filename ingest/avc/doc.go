// Package avc turns the H.264 that a publisher sends into what media.Packet holds,
// whatever brought it: FLV, where NAL units stand behind lengths (SplitLengths), or a
// transport stream, where they stand behind start codes (SplitStartCodes).
//
//	NAL units ─► Track.AccessUnit ─► media.Packet, without times
//
// A Track keeps the parameter sets that have come, takes them out of the access units
// and tells when they change. Nothing here blocks or knows a protocol, and no length
// is believed before the bytes are there.
package avc
