// Package playback is the viewers' HTTP server: it finds the live stream behind a
// playback URL and hands out what the packager has rendered.
//
//	GET /api/video/v1/{region}.{account}.channel.{channel id}.m3u8   multivariant playlist
//	GET /hls/{stream id}/{rendition}/index.m3u8                      media playlist, blocking
//	GET /hls/{stream id}/{rendition}/{init, part or segment}         media
//
//	request ─► Handler ─► Live (which stream?) ─► packager.Stream ─► Document, Resource
//	                                                                      │ shared bytes
//	viewer  ◄── headers, range, gzip or not, write deadlines ◄────────────┘
//
// One goroutine serves a request. It may block in the packager until a part is
// there, and in the socket for as long as a viewer takes; it holds no lock and no
// copy of the media while it does, so a slow viewer costs nobody else anything.
// What is sent is the packager's own memory. Playback knows nothing of encoding,
// and the packager nothing of HTTP.
package playback
