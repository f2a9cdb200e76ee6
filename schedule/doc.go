// Package schedule decides which streams are carried, and by which device. It knows
// amounts, devices and streams by their names, and nothing of what they are: no driver, no
// media, no clock. All that happens is told to a Ledger, which answers; the same calls
// give the same answers.
//
//	Request ──► Place ──► Lease ──► Used ──► Release
//	            │  ▲                 │
//	            │  └── Move ◄────────┤ the device failed
//	            ▼                    ▼
//	         Refusal              Slow, Others: what the plan did not know
//
//	amount.go    what a stream takes and a device has: a vector, one figure for each resource
//	device.go    a device's account: capacity, plan, leases, strangers, quarantine
//	ledger.go    streams come, go on, move and leave
//	place.go     which device a request gets: best fit, or spread
//	reserve.go   room that is kept for channels that are not on air
//	dryrun.go    would it fit, where, what would be left
//
// A stream's renditions are all on one device, since pictures that cross the bus cost more
// than what a second device would give. What they take of the machine around it (CPU,
// network, disk) is booked on the device's host, a device itself.
package schedule
