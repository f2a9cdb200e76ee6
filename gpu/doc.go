// Package gpu knows the devices of this machine: which there are, what each was seen to
// do, and which one a stream's renditions are made on. It knows no stream and no HLS.
//
//	NVML, in a process of its own ─┐
//	/sys and /dev/dri ─────────────┼─► Inventory ─► Prover ─► Proof ─► Choice ─► pipeline.Backend
//	/proc/cpuinfo ─────────────────┘                 │  ▲
//	                               trials in workers ┘  └─ Cache, a file
//
//	device.go     what the machine tells of a device
//	inventory.go  asks all who know; cards.go NVIDIA's driver, render.go the kernel, cpu.go
//	prove.go      what a device does, found out by having it done (trials.go says what)
//	words.go      why something does not work, in an operator's words: one table
//	cache.go      what was found, for the next start
//	candidates.go which backends may do what is wanted, best first: a pure function
//	cost.go       what a job takes of a device and of the CPU, for package schedule
//	ways.go       the ways that backends do a job, and which backend a lease is for
//
// No driver is ever loaded into the calling process: one that crashes, hangs or ends the
// process costs a helper, and the answer comes within its time all the same. Nothing here
// is called under a lock.
package gpu
