package exposition

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"ladderd/packager"
	"ladderd/stream"
)

var (
	streams   = gauge("ladderd_streams", "Streams that are on air, by health: HEALTHY, STARVING or UNKNOWN.", "health")
	over      = counter("ladderd_streams_ended_total", "Streams that are over.")
	lingering = gauge("ladderd_lingering_streams", "Streams that are over and can still be watched.")

	streamInfo     = gauge("ladderd_stream_info", "1; what a channel's stream is.", "channel", "protocol", "state")
	streamStart    = gauge("ladderd_stream_start_timestamp_seconds", "When a channel's publisher was accepted.", "channel")
	streamPlayable = gauge("ladderd_stream_playable", "1 if viewers can play a channel's stream.", "channel")
	streamHealth   = gauge("ladderd_stream_health", "1 for a stream's health: HEALTHY, STARVING or UNKNOWN.", "channel", "health")
	findings       = gauge("ladderd_stream_finding", "1 while something is wrong with what a publisher sends, by its code; 0 once that is over. /healthz has the words.", "channel", "code")
	takeovers      = counter("ladderd_stream_takeovers_total", "Takeovers of a channel's stream.", "channel")

	ingestBytes  = counter("ladderd_ingest_bytes_total", "Bytes that came from a channel's publisher: video, audio, messages.", "channel", "kind")
	ingestFrames = counter("ladderd_ingest_frames_total", "Video frames that came from a channel's publisher.", "channel")
	ingestMedia  = counter("ladderd_ingest_media_seconds_total", "How far the clock of the publisher's video went on.", "channel")
	ingestGOP    = gauge("ladderd_ingest_keyframe_interval_seconds", "Distance of the publisher's last two keyframes; 0 until there have been two.", "channel")
	ingestQueue  = gauge("ladderd_ingest_queue_packets", "Packets of the publisher's that wait for the stream: its connection waits too once they are 256.", "channel")

	linkRTT    = gauge("ladderd_ingest_link_rtt_seconds", "Round trip time to an SRT publisher.", "channel")
	linkAll    = counter("ladderd_ingest_link_packets_total", "Packets that came from an SRT publisher.", "channel")
	linkLost   = counter("ladderd_ingest_link_lost_packets_total", "Packets of an SRT publisher's that did not come the first time.", "channel")
	linkAgain  = counter("ladderd_ingest_link_retransmitted_packets_total", "Packets that an SRT publisher has sent again.", "channel")
	linkLate   = counter("ladderd_ingest_link_dropped_packets_total", "Packets of an SRT publisher's that came too late or never.", "channel")
	linkBroken = counter("ladderd_ingest_link_damaged_units_total", "Pictures and runs of audio that were left out for what was lost.", "channel")

	frames = counter("ladderd_rendition_frames_total", "Pictures of a rendition that were packaged. The device is the one that encodes; it is empty where the pictures are the source's.", "channel", "rendition", "device")
	bytes  = counter("ladderd_rendition_bytes_total", "Bytes of a rendition that were packaged, its sound too.", "channel", "rendition", "device")
	shed   = gauge("ladderd_rendition_shed", "1 while a rendition is not encoded for want of room, and is a copy of the next smaller one.", "channel", "rendition")
	delay  = histogram("ladderd_part_delay_seconds", "How long after its last picture had come from the publisher a part could be fetched.", "channel")

	workerUp       = gauge("ladderd_worker_up", "1 while a stream's worker runs; absent where nothing is encoded.", "channel")
	workerBehind   = gauge("ladderd_worker_behind_seconds", "How long ago the oldest picture of the source came that is not out in all renditions.", "channel", "device")
	workerQueue    = gauge("ladderd_worker_queue_packets", "Source packets that wait for a stream's worker.", "channel")
	workerBytes    = gauge("ladderd_worker_queue_bytes", "Bytes of source packets that wait for a stream's worker.", "channel")
	workerLost     = counter("ladderd_worker_lost_packets_total", "Source packets that no worker was given, for want of time.", "channel")
	workerRestarts = counter("ladderd_worker_restarts_total", "Workers of a stream that had to be replaced.", "channel")
	workerFailures = counter("ladderd_worker_failures_total", "Workers that failed, of all streams, by reason: crashed, hung, slow, refused (their device has failed), memory.", "reason")

	windowMemory = gauge("ladderd_window_memory_bytes", "Media of a stream's window in memory.", "channel")
	windowBytes  = gauge("ladderd_window_disk_bytes", "Media of a stream's window on disk.", "channel")
	windowFailed = gauge("ladderd_window_disk_failing", "1 while the disk does not take a stream's media.", "channel")
	lostAll      = counter("ladderd_window_lost_segments_total", "Segments that left their playlist before their time, of all streams.")
	unsavedAll   = counter("ladderd_window_unsaved_segments_total", "Segments that the disk did not take, of all streams.")
)

// healths are what a stream's health may be.
var healths = []string{stream.Healthy, stream.Starving, stream.Unknown}

func (c *Collector) streams(s scrape) {
	if c.sources.Streams == nil {
		return
	}
	on := map[string]string{} // devices, by stream
	if c.sources.Admission != nil {
		for _, lease := range c.sources.Admission().Leases {
			on[lease.Stream] = lease.Device
		}
	}
	if c.sources.Lingering != nil {
		s.tell(lingering, float64(c.sources.Lingering().Streams))
	}
	count := map[string]int{}
	live := c.sources.Streams()
	for _, one := range live {
		count[one.IngestHealth]++
		s.stream(one, on[one.ID])
	}
	for _, health := range healths {
		s.tell(streams, float64(count[health]), health)
	}
	c.sums(s, live)
}

// sums tells what streams have counted, those that are over included. One that is just ending is
// among neither for a moment: a sum never goes down.
func (c *Collector) sums(s scrape, live []stream.Status) {
	c.mu.Lock()
	now := endings{failures: maps.Clone(c.ended.failures), lost: c.ended.lost, unsaved: c.ended.unsaved}
	for _, one := range live {
		now.add(one)
	}
	most := &c.most
	for reason, n := range now.failures {
		most.failures[reason] = max(most.failures[reason], n)
	}
	most.lost, most.unsaved = max(most.lost, now.lost), max(most.unsaved, now.unsaved)
	told, ended := endings{failures: maps.Clone(most.failures), lost: most.lost, unsaved: most.unsaved}, c.ended.streams
	c.mu.Unlock()
	for reason, n := range told.failures {
		s.tell(workerFailures, float64(n), reason)
	}
	s.tell(over, float64(ended))
	s.tell(lostAll, float64(told.lost))
	s.tell(unsavedAll, float64(told.unsaved))
}

func (s scrape) stream(one stream.Status, device string) {
	channel := one.Channel
	s.tell(streamInfo, 1, channel, one.Protocol, one.State)
	s.tell(streamStart, float64(one.Since.UnixMilli())/1000, channel)
	s.flag(streamPlayable, one.Started, channel)
	for _, health := range healths {
		s.flag(streamHealth, health == one.IngestHealth, channel, health)
	}
	lasting := map[string]bool{} // one that was over may have come back
	for _, f := range one.Health {
		lasting[f.Code] = lasting[f.Code] || f.Over.IsZero()
	}
	for code, lasts := range lasting {
		s.flag(findings, lasts, channel, code)
	}
	s.tell(takeovers, float64(one.Takeovers), channel)
	s.tell(views, float64(one.Viewers), channel)
	s.ingest(one)
	s.link(one)
	s.renditions(one, device)
	s.worker(one, device)
	if w := one.Window; w != nil {
		s.tell(windowMemory, float64(w.Memory), channel)
		s.tell(windowBytes, float64(w.Disk), channel)
		s.flag(windowFailed, w.DiskError != "", channel)
	}
}

func (s scrape) ingest(one stream.Status) {
	channel, t := one.Channel, one.Total
	s.tell(ingestBytes, float64(t.VideoBits)/8, channel, "video")
	s.tell(ingestBytes, float64(t.AudioBits)/8, channel, "audio")
	s.tell(ingestBytes, float64(t.MessageBits)/8, channel, "messages")
	s.tell(ingestFrames, float64(t.Frames), channel)
	s.tell(ingestMedia, t.Media, channel)
	s.tell(ingestGOP, one.Ingest.KeyframeInterval, channel)
	s.tell(ingestQueue, float64(one.Queued), channel)
}

func (s scrape) link(one stream.Status) {
	k := one.Link
	if k == nil {
		return
	}
	s.tell(linkRTT, k.RTT/1000, one.Channel)
	s.tell(linkAll, float64(k.Packets), one.Channel)
	s.tell(linkLost, float64(k.Lost), one.Channel)
	s.tell(linkAgain, float64(k.Retransmitted), one.Channel)
	s.tell(linkLate, float64(k.Dropped), one.Channel)
	s.tell(linkBroken, float64(k.Damaged), one.Channel)
}

func (s scrape) renditions(one stream.Status, device string) {
	for _, o := range one.Outputs {
		by := ""
		if o.Encoded {
			by = device
		}
		s.tell(frames, float64(o.Pictures), one.Channel, o.Rendition, by)
		s.tell(bytes, float64(o.Bytes), one.Channel, o.Rendition, by)
		if o.Encoded {
			s.flag(shed, slices.Contains(one.Shed, o.Rendition), one.Channel, o.Rendition)
		}
	}
	if len(one.Delays.Within) != len(packager.DelayBounds) {
		return // there are no renditions yet
	}
	within := map[float64]uint64{}
	for i, bound := range packager.DelayBounds {
		within[bound] = uint64(one.Delays.Within[i])
	}
	s <- prometheus.MustNewConstHistogram(delay.desc, uint64(one.Delays.Parts), one.Delays.Sum, within, one.Channel)
}

func (s scrape) worker(one stream.Status, device string) {
	w := one.Worker
	if w == nil {
		return
	}
	s.flag(workerUp, w.PID != 0, one.Channel)
	s.tell(workerBehind, w.Behind/1000, one.Channel, device)
	s.tell(workerQueue, float64(w.Queued), one.Channel)
	s.tell(workerBytes, float64(w.QueuedBytes), one.Channel)
	s.tell(workerLost, float64(w.Lost), one.Channel)
	s.tell(workerRestarts, float64(w.Restarts), one.Channel)
}
