package density

import "time"

// Carrier has channels transcoded: Pipelines, or what these are compared with.
type Carrier interface {
	// Outputs names what channel i puts out. Channels with the same names are expected to be
	// alike.
	Outputs(i int) []string
	// Start begins channel i, whose source's first packet is due at a time that is still to
	// come. It does not wait; what comes out is told to w until the channel is closed.
	Start(i int, at time.Time, w *Watch) Channel
}

// Channel is one that is being carried.
type Channel interface {
	// PIDs are the processes that work for this channel alone, as far as they run.
	PIDs() []int
	// Close ends the channel and waits until nothing of it runs any more.
	Close()
}
