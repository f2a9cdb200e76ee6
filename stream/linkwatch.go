package stream

import (
	"fmt"
	"time"

	"ladderd/ingest"
)

const (
	// linkOver is over how many seconds a connection's counters are compared.
	linkOver = 10
	// resentFound is the share of packets that come again, of at least resentOf, from which
	// on a network is close to its limit; it is over below resentLasts.
	resentFound, resentLasts = 0.05, 0.02
	resentOf                 = 200
	// latencyRTTs is how many round trips SRT's latency should be: enough for a packet to
	// be asked for three times.
	latencyRTTs = 4
)

// linkWatch compares a connection's counters with those of some seconds before.
type linkWatch struct {
	seen  [linkOver + 1]ingest.Link
	known int
	next  int
}

// take adds what the counters are now: what they counted in the last second, and of late. A
// connection that has told nothing yet has counted nothing.
func (w *linkWatch) take(k ingest.Link) (now, lately ingest.Link) {
	if k.Packets == 0 {
		return ingest.Link{}, ingest.Link{}
	}
	if w.known > 0 && k.Packets < w.ago(1).Packets {
		*w = linkWatch{} // it is another connection
	}
	if w.known > 0 {
		now, lately = counted(w.ago(1), k), counted(w.ago(min(w.known, linkOver)), k)
	}
	w.seen[w.next] = k
	w.next = (w.next + 1) % len(w.seen)
	w.known = min(w.known+1, len(w.seen))
	return now, lately
}

func (w *linkWatch) ago(n int) ingest.Link { return w.seen[(w.next-n+len(w.seen))%len(w.seen)] }

func counted(before, now ingest.Link) ingest.Link {
	return ingest.Link{
		Packets: now.Packets - before.Packets, Retransmitted: now.Retransmitted - before.Retransmitted,
		Dropped: now.Dropped - before.Dropped, Damaged: now.Damaged - before.Damaged,
	}
}

// lossText is for packets that did not come in time.
func lossText(lately, k ingest.Link) string {
	return fmt.Sprintf("%d packets did not come in time, and %d pictures or runs of audio are left out, within %d s: %s",
		lately.Dropped, lately.Damaged, linkOver, moreLatency(k))
}

// resentText is for packets that came, though not at once.
func resentText(lately, k ingest.Link) string {
	return fmt.Sprintf("%.0f %% of the packets had to be sent again (%d of %d within %d s), the network is close to its limit: %s",
		100*float64(lately.Retransmitted)/float64(lately.Packets), lately.Retransmitted, lately.Packets, linkOver, moreLatency(k))
}

// moreLatency is what helps.
func moreLatency(k ingest.Link) string {
	if want := latencyRTTs * k.RTT; k.Delay < want {
		want = want.Round(time.Millisecond)
		return fmt.Sprintf("set the encoder's SRT latency to %d ms or more (it is %d, the round trip %d), or a lower bit rate",
			want.Milliseconds(), k.Delay.Milliseconds(), k.RTT.Milliseconds())
	}
	return fmt.Sprintf("set a lower bit rate at the encoder, or a longer SRT latency than %d ms", k.Delay.Milliseconds())
}
