// Package chaos runs a daemon on pretended GPUs, has all kinds of things happen to it, and
// finds out whether anything of that stays behind.
//
//	Run ──► stage: the daemon, two cards that are doubles, the channels
//	  │
//	  └─ round after round ──► events, one at a time, picked by a seeded generator:
//	        │                    publishers that come, leave, are cut off, take over (publish.go)
//	        │                    workers that die and hang (kill.go), cards that fail and heal (cards.go)
//	        │                    viewers that come and leave (view.go), reloads (reload.go)
//	        └──────────────────► quiet: all has left ──► Figures (figures.go)
//	Report ◄── flat.go: the last figures beside the first
//
// What happens when is by the seed; what comes of it is the machine's affair, so that a run
// can be repeated only as far as that. Viewers hold every playlist that they read to package
// hls's rules, and in each round one stream is read whole once it has ended.
//
// One goroutine, Run's caller, owns the stage; viewers have one each, and the round waits for
// them.
package chaos
