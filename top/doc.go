// Package top is what `ladderd top` shows: streams and devices as text for a terminal. It
// takes what /healthz says, keys and the terminal's size, and gives frames:
//
//	JSON ──► Snapshot ──► Screen ──► Frame: lines of text
//	                        ▲
//	               keys, size, misses
//
// Nothing here does I/O, has a clock or a goroutine, or knows the library that draws: one
// goroutine has the Screen, and whoever that is tells it the time. The structs of the JSON are
// its own and have what is shown, so that it reads the answers of older and newer daemons.
package top
