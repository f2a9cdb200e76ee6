// Package pace decides which decoded pictures go on and which of them are grid
// points, where every rendition has its IDR: the place that aligned ladders rest on.
// Pure values: pictures come in by their PTS, in order of display, and a decision
// comes out. It knows no codec.
//
//	decoded pictures ─► Pacer (one a stream) ─► Cadence (one a rendition) ─► encoders
//
// A worker holds it; it stands apart so that what feeds it, the stream's timeline,
// can be tested together with it.
package pace
