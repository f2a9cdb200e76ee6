// Package m3u8 reads HLS playlists as a client does: multivariant and media
// playlists with all tags of RFC 8216 and of low latency
// (draft-pantos-hls-rfc8216bis), each element with the line that it stands on.
//
//	bytes ──► scan (lines, limits) ──► a table of tags ──► Multivariant or Media
//	                                        │                  │
//	                                        └─► Problems       └─ Media.Merge(previous)
//
// It is lenient: what the grammar does not allow becomes a Problem with its line,
// and reading goes on, so that a checker can report all of it and a player can go
// on playing. An error means that there is no such playlist in the bytes at all.
// Variables (EXT-X-DEFINE) are replaced; a Scope tells where imported ones come from.
// Sizes are limited; the bytes come from servers that nobody vouches for.
//
// It does no I/O and judges nothing but the grammar: what the values must be in
// relation to each other, to other playlists and to the media is package verify's.
package m3u8
