// Package gpu knows the devices of this machine: which there are, what each was seen to
// do, and what a job takes of it. It knows no stream and no HLS, and decides nothing:
// package admission does.
//
//	NVML, in a process of its own ─┐
//	/sys and /dev/dri ─────────────┼─► Inventory ─► Prover ─► Proof ─► Candidates, Ways
//	/proc/cpuinfo ─────────────────┘                 │  ▲
//	                               trials in workers ┘  └─ Cache, a file
//
//	device.go     what the machine tells of a device
//	inventory.go  asks all who know; cards.go NVIDIA's driver, render.go the kernel, cpu.go
//	prove.go      what a device does, found out by having it done (trials.go says what);
//	              again.go whether one that has failed works again
//	words.go      why something does not work, in an operator's words: one table
//	cache.go      what was found, for the next start
//	candidates.go which backends may do what is wanted, best first: a pure function
//	cost.go       what a job takes of a device and of the CPU, and what devices have
//	ways.go       that for package schedule, and which backend its answer is
//
// No driver is ever loaded into the calling process: one that crashes, hangs or ends the
// process costs a helper, and the answer comes within its time all the same.
package gpu
