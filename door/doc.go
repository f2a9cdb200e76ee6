// Package door stands before a server's listeners and keeps out who takes too much:
// connections beyond a limit, those of one address beyond another, and addresses
// that try keys that do not exist.
//
//	net.Listener ─► Guard ─► connections that may stay ─► server
//	                  ▲                                     │
//	                  └─ Door ◄── Failed: an unknown key ───┘
//
// A connection that is too much is closed at once: who is turned away at the door
// can try elsewhere, who stands in a long queue cannot. The limits for one address
// keep a single host from taking all places. They do not hold for loopback, where
// a proxy or a benchmark is, which would answer for all of its clients. An IPv6
// address is taken with all of its /64, which one host may have to itself.
//
// What a Door keeps is bounded: an entry for each host with an open connection,
// and maxGuessers of those that tried keys. Nothing here blocks, and nothing
// knows what is served.
package door
