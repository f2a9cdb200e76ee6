// Package hls reads a channel as a viewer would, and proves what a viewer must be
// able to rely on. Playlists are read by ours and by two parsers that are not,
// which have to agree; media are read by Debian's ffprobe and ffmpeg.
//
//	Client.Variants  the multivariant playlist
//	Client.Follow    a live playlist by blocking reloads, each state held to the
//	                 rules of Playlist.Check and to the states before it
//	Client.Download  a whole rendition ──ffprobe──► Rendition: segments, packets, IDRs
//	Aligned, Windows what is said about renditions
package hls
