// Package verify holds the HLS stream at a URL, of any server, to the rules of
// draft-pantos-hls-rfc8216bis and to what players were seen to need beyond it.
//
//	Run ─► multivariant playlist ─► one goroutine a rendition (follow)
//	                                  │  load, reload by blocking requests or polling
//	                                  │  take: parts, segments ─► demux ─► samples
//	                                  │  ask:  questions that no player puts
//	                                  ▼
//	        Rules ◄── evidence (document, state, answers, resource, segment, …)
//	          │
//	          └─► finder ─► collector ─► Report: text, JSON
//
// A rule is a row in one of the tables (rules_*.go): its name, its section, what has
// to hold, and one function over evidence that reports what does not. Rules do no
// I/O and keep nothing. What they look at is collected by follow.go and ask.go.
//
// Servers are not trusted: each answer has a limit in bytes and in time, what is
// kept of a stream has a limit in number, and a run ends by itself.
//
// Of this module it imports media and m3u8 only, nothing that makes a stream:
// whether that is right is what it tells.
package verify
