// Package load watches a stream as thousands of viewers would and tells what they
// experienced, for any server's URL. A viewer asks for what hls.js 1.6 asks for, in
// the same order, and throws the media away:
//
//	multivariant playlist ─► variant ─► media playlist
//	                                        │
//	   follow: blocking reloads, as a delta where offered, each sent when the
//	           last has come                │ listing (read once for all viewers)
//	                                        ▼
//	   load:   init section, the parts of the segment at the sync position, then
//	           each part when it is listed ─► player (a clock that plays or stands)
//
// hls.js reads EXT-X-PRELOAD-HINT and does not ask for the hinted part, so viewers
// do not either. Over http a viewer has two connections, one for each of the two
// loops, as a browser's player has; over https they share one of HTTP/2.
//
//	run.go        viewers start, one after another, are measured, and stop
//	viewer.go     one viewer: two goroutines, owned by Run
//	listing.go    a playlist as a player uses it     catalogue.go  read once for all
//	player.go     the playback model
//	histogram.go  percentiles                        report.go     the result
//	server.go     the server's processes, where they are on this machine
//	wire          the HTTP beneath
//
// Nothing blocks a viewer but its own server; what viewers count is atomic.
package load
