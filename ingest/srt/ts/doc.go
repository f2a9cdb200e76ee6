// Package ts reads an MPEG transport stream as encoders send it over SRT (ISO/IEC
// 13818-1) into media packets: H.264 and AAC-LC in ADTS.
//
//	bytes ─► aligner ─► packet ─┬─► section ─► tables: PAT, PMT   (what is where)
//	         188 bytes each     └─► pes ─┬─► video ─► avc.Track ─► media.Packet
//	                                     └─► audio ─► ADTS frames ─► media.Packet
//
// A network loses packets and encoders start in the midst of one, so nothing that is
// damaged ends the stream: bytes that are no packets are passed over until the next
// ones, a table with a wrong checksum is ignored, and a picture or a frame of audio of
// which anything is missing is left out whole and counted. Viewers then miss that one
// picture: half of it would be shown as a smear. Only what the encoder was set up to
// send, and is not taken, is an error.
//
// No length is believed before the bytes are there, and what is kept of an unfinished
// picture is bounded. Nothing here blocks or knows of SRT.
package ts
