// Package playback is the viewers' HTTP server: it finds the live stream behind a
// playback URL and hands out what the packager has rendered.
//
//	GET /api/video/v1/{region}.{account}.channel.{channel id}.m3u8   multivariant playlist
//	GET /v/{session}/hls/{stream id}/{rendition}/index.m3u8          media playlist, blocking
//	GET /v/{session}/hls/{stream id}/{rendition}/{name}              init section, part, segment
//
//	viewer ─► door ─► lane ──────► Handler ─► Live (which stream?) ─► packager.Stream
//	   ▲      (how  │  │ unusual?   ▲▲ │ session, Rules, views              │
//	   │      many?)│  └─► net/http ─┘│ ▼                                    │ shared bytes
//	   │            └─► road ─────────┘                                      │
//	   └────── headers, range, gzip or not, write deadlines ◄── Document, Resource
//
// The multivariant request mints a viewer session, which travels in the path of
// all that follows, since players drop query strings. A path without "/v/{session}"
// is the same resource, for caches that have taken the session off; it is no view.
// URIs in media playlists are relative, so the bytes below are the same for all.
//
// By HTTP/1.1, with TLS or without, a lane (express.go) answers what players ask for
// all the time; everything else is net/http's. HTTP/2 is a road's (road.go), with the
// framer and the decoder of golang.org/x/net/http2. One goroutine serves a request. It may block in the packager until a part is there, and in the socket
// for as long as a viewer takes; it holds no lock and no copy of the media while it
// does, so a slow viewer costs nobody else anything. What is sent is the packager's
// own memory. Playback knows nothing of encoding, and the packager nothing of HTTP.
package playback
