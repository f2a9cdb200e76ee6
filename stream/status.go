package stream

import (
	"slices"
	"time"

	"ladderd/ingest"
	"ladderd/packager"
)

// Status is a stream as operators see it.
type Status struct {
	ID        string    `json:"id"`
	Channel   string    `json:"channel"`
	Since     time.Time `json:"since"`   // when the publisher was accepted
	Started   bool      `json:"started"` // viewers can play it
	State     string    `json:"state"`   // Live, Placing or Waiting
	Protocol  string    `json:"protocol"`
	Remote    string    `json:"remote"`             // host:port of the publisher, of the last one while there is none
	Priority  int       `json:"priority,omitempty"` // likewise; absent where it has none
	Takeovers int       `json:"takeovers"`
	Link      *Link     `json:"link,omitempty"`    // absent where the protocol does not know
	Encoder   string    `json:"encoder,omitempty"` // what the publisher calls itself; absent where it does not
	// Source is what comes from the publisher, and what came from the last one while there is
	// none; absent until that is known.
	Source     *Source  `json:"source,omitempty"`
	Renditions []string `json:"renditions"`
	// Shed are the renditions that are not encoded for want of room, and are copies of the
	// next smaller one.
	Shed    []string  `json:"shed,omitempty"`
	Viewers int       `json:"viewers"` // sessions that download it; whoever serves viewers fills it in
	Health  []Finding `json:"health"`
	// IngestHealth is Healthy, Starving or Unknown; Ingest is what came in the last second.
	IngestHealth string     `json:"ingest_health"`
	Ingest       Statistics `json:"ingest"`
	Total        Total      `json:"total"`
	Worker       *Worker    `json:"worker,omitempty"` // absent where nothing is transcoded
	Window       *Window    `json:"window,omitempty"` // absent until there are renditions
	// Outputs are the renditions and what they have got; Delays how late their parts were.
	Outputs []Output `json:"outputs,omitempty"`
	Delays  Delays   `json:"part_delays"`
	// Queued is how many of the publisher's packets wait for the stream: its connection waits
	// too once they are 256.
	Queued int    `json:"queued_packets"`
	InBand InBand `json:"in_band"`

	inBand     *inBand
	link       func() ingest.Link
	transcoder Transcoder
	made       []int // renditions by output of the transcoder
	packager   *packager.Stream
}

// What Status.State may be.
const (
	Live    = "live"
	Placing = "waiting for a device" // the stream's media are known, not what is to encode them
	Waiting = "waiting for the publisher"
)

// Link is ingest.Link for operators.
type Link struct {
	RTT           float64 `json:"rtt_ms"`
	Packets       int64   `json:"packets"`
	Lost          int64   `json:"lost_packets"`
	Retransmitted int64   `json:"retransmitted_packets"`
	Dropped       int64   `json:"dropped_packets"`
	Damaged       int64   `json:"damaged_units"` // pictures and runs of audio
	Bandwidth     int64   `json:"bandwidth_bps"`
	Delay         float64 `json:"delay_ms"`
}

// Worker is the process that transcodes a stream.
type Worker struct {
	PID      int      `json:"pid"` // 0 while none runs
	Backend  string   `json:"backend"`
	Device   string   `json:"device,omitempty"` // what runs where; absent until the worker has told
	Encoders []string `json:"encoders"`
	// Behind is how long ago the oldest picture of the source came that is not out in all
	// renditions.
	Behind      float64 `json:"behind_ms"`
	Restarts    int     `json:"restarts"`
	LastFailure string  `json:"last_failure,omitempty"`
	// Failures are the restarts by their reason: "crashed", "hung", "slow", "refused" (its device
	// has failed), "memory" (it held too much).
	Failures map[string]int `json:"failures"`
	// Queued is what waits for the worker, in packets and bytes; Lost how many packets no worker
	// was given, for want of time.
	Queued      int `json:"queued_packets"`
	QueuedBytes int `json:"queued_bytes"`
	Lost        int `json:"lost_packets"`
}

// Output is a rendition that is written.
type Output struct {
	Rendition string `json:"rendition"`
	Encoded   bool   `json:"encoded"` // its pictures come from the worker; else they are the source's
	Pictures  int64  `json:"pictures"`
	Bytes     int64  `json:"bytes"`
}

// Delays is how long after its last picture had come from the publisher each part was ready.
type Delays struct {
	Parts int64   `json:"parts"`
	Sum   float64 `json:"sum_seconds"`
	// Within are the parts of at most packager.DelayBounds.
	Within []int64 `json:"within"`
}

// InBand is what the publisher said in messages beside its media, in numbers.
type InBand struct {
	// Captions is how many caption entries were put into pictures; LostCaptions came
	// faster than pictures can carry them.
	Captions     int64 `json:"captions"`
	LostCaptions int64 `json:"lost_captions"`
	Metadata     int64 `json:"metadata"` // messages
}

func (s *Status) readInBand() {
	s.InBand = InBand{
		Captions: s.inBand.captions.Load(), LostCaptions: s.inBand.lostCaptions.Load(), Metadata: s.inBand.metadata.Load(),
	}
}

// Window is what viewers can go back to, and what that takes.
type Window struct {
	Memory int64 `json:"memory_bytes"`
	// Index is memory too: what is known of the segments, and their lines.
	Index int64 `json:"index_bytes"`
	Disk  int64 `json:"disk_bytes"`
	// Lost is how many segments left a playlist before their time.
	Lost int64 `json:"lost_segments"`
	// Unsaved is how many segments the disk did not take; DiskError is why,
	// while it does not.
	Unsaved   int64  `json:"unsaved_segments"`
	DiskError string `json:"disk_error,omitempty"`
}

// readWindow asks the packager now, as readWorker does.
func (s *Status) readWindow() {
	if s.packager == nil {
		return
	}
	u := s.packager.Usage()
	s.Window = &Window{Memory: u.Memory, Index: u.Index, Disk: u.Disk, Lost: u.Lost, Unsaved: u.Unsaved}
	if err := s.packager.DiskErr(); err != nil {
		s.Window.DiskError = err.Error()
	}
	d := s.packager.Delays()
	s.Delays = Delays{d.Count, d.Sum.Seconds(), d.Within[:]}
	for i, w := range s.packager.Written() {
		s.Outputs = append(s.Outputs, Output{w.Rendition, slices.Contains(s.made, i), w.Pictures, w.Bytes})
	}
}

// readDesk takes from the desk who publishes. The hub's lock is held.
func (s *Status) readDesk(d *desk) {
	s.Priority, s.Takeovers = d.priority, d.takeovers
	if d.current == nil {
		s.State, s.IngestHealth = Waiting, Unknown
		return
	}
	s.Queued = len(d.current.in)
}

// readLink asks the connection now.
func (s *Status) readLink() {
	if s.link == nil {
		return
	}
	k := s.link()
	s.Link = &Link{
		RTT: milliseconds(k.RTT), Packets: k.Packets, Lost: k.Lost, Retransmitted: k.Retransmitted,
		Dropped: k.Dropped, Damaged: k.Damaged, Bandwidth: k.Bandwidth, Delay: milliseconds(k.Delay),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// readWorker asks the worker now: its state changes by itself.
func (s *Status) readWorker() {
	if s.transcoder == nil {
		return
	}
	w := s.transcoder.Snapshot()
	s.Worker = &Worker{
		PID: w.PID, Backend: w.Backend.String(), Device: w.Progress.Device, Encoders: w.Encoders,
		Behind: milliseconds(w.Behind), Restarts: w.Restarts, LastFailure: w.LastFailure, Failures: w.Failures.ByName(),
		Queued: w.Queued, QueuedBytes: w.QueuedBytes, Lost: w.Lost,
	}
	s.Shed = s.shed(w.Progress.Shed)
}

// shed names the renditions of some of the transcoder's outputs.
func (s *Status) shed(outputs []int) (names []string) {
	for _, o := range outputs {
		if o < len(s.made) {
			names = append(names, s.Renditions[s.made[o]])
		}
	}
	return names
}

// report puts out the stream's status anew. The stream's goroutine calls it when
// something in it has changed.
func (l *live) report() {
	s := &Status{
		ID: l.id, Channel: l.channel.ID, State: Live, Since: l.since, Protocol: l.request.Protocol, Remote: l.request.Remote,
		Renditions: []string{}, Health: l.checkup.findings(), IngestHealth: l.intake.health(), Ingest: l.intake.last, Total: l.intake.meter.total(),
		link: l.request.Link, transcoder: l.transcoder, packager: l.packager.Load(), Encoder: l.encoder, inBand: &l.inBand,
		Started: l.shown, Source: l.described,
	}
	if l.placing != nil {
		s.State, s.IngestHealth = Placing, Unknown
	}
	if l.plan != nil {
		s.Renditions, s.made = names(l.plan.renditions), l.plan.MadeVideo
	}
	l.status.Store(s)
}

// note logs what is newly known to be wrong with the source, and what is so no more.
func (l *live) note(news ...Finding) {
	for _, f := range news {
		if f.Over.IsZero() {
			l.log.Warn("stream health", "finding", f.Code, "text", f.Text)
			continue
		}
		l.log.Info("stream health: it is over", "finding", f.Code, "since", f.Since, "over", f.Over)
	}
	if len(news) > 0 {
		l.report()
	}
}
