package ingest

import "time"

// Link is how a publisher's connection does. Counts are since its start.
type Link struct {
	RTT           time.Duration // the smoothed round trip
	Packets       int64         // received
	Lost          int64         // packets that did not come with the first sending
	Retransmitted int64         // packets that came again
	Dropped       int64         // packets that came too late, or never: the media lack them
	Damaged       int64         // pictures and runs of audio that were left out, as a part of them was missing
	Bandwidth     int64         // bits per second that the path is thought to carry; 0 where unknown
	Delay         time.Duration // that the protocol holds packets back (SRT's latency)
}
