// Package overload asks a daemon for more channels than its machine carries, and looks at what
// becomes of all of them.
//
//	Run ──► daemon with its own idea of what the CPU does, x264 alone
//	  ├─ a publisher each (Debian's ffmpeg), a little apart
//	  ├─ who was refused: how soon, by the log's events, and in what words (refused.go)
//	  └─ who is carried: how late each rendition's parts are, to a viewer (lateness.go),
//	     which renditions are shed, and whether worker and connection stay the same
//	Report
package overload
