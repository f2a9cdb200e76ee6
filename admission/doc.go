// Package admission decides who gets this machine's devices, and what happens when there is
// not enough of them or one fails. It joins what devices were seen to do (package gpu) and
// the books of who has what (package schedule) with what operators want of each channel.
//
//	Wish ──► Place ──► Grant ──────────────► a stream's worker
//	          │ ▲                              │  │
//	     Policy, proofs, ledger                │  │ it failed
//	          │ ▲                              │  ▼
//	          │ └───────── Elsewhere ◄─────────│─┘
//	          ▼                                ▼
//	        ErrFull            Orders ◄── Look: how far behind is each stream?
//
//	policy.go   what a channel may be made on, and what follows when that is full
//	place.go    a stream's start, which waits for devices that are still being tried
//	failure.go  a device fails: the stream moves, the device is left alone and tried again
//	watch.go    running streams correct the plan; they lose renditions, and get them back
//	status.go   the books as operators see them
//
// Control keeps all of it behind one lock, under which nothing is waited for. It starts
// nothing by itself: whoever runs the streams calls Look, tries the devices that are Due,
// and hands in the clock. It knows no packets, no HLS and no ladder's names.
package admission
