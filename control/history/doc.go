// Package history keeps the stream sessions of the last 60 days, with what happened to them:
// what GetStreamSession and ListStreamSessions show (guide, lines 2100–2260).
//
//	stream events ──► Tell ──► queue ──► Recorder's goroutine ──► store
//	                                                                │
//	GetStreamSession, ListStreamSessions ◄── Session, Sessions ◄────┘
//
// Tell never blocks: streams call it. The Recorder's goroutine alone writes, one event after
// another, so that the events of a session stay in order; while the store does not take them
// they wait in memory. Sessions do not depend on channels: they are there when their channel is
// gone. A session that was cut short, with the daemon, is ended at the next start, at the last
// moment at which the daemon is known to have lived.
//
// The package knows no streams and no HTTP. What a session shows of its channel is JSON that it
// is given and gives back.
package history
