package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"ladderd/testassets/await"
)

// Health is what /healthz says, as far as tests look at it.
type Health struct {
	Streams []Stream `json:"streams"`
	// Lingering are the streams that have ended and can still be watched.
	Lingering struct {
		Streams int `json:"streams"`
	} `json:"lingering"`
	Admission Admission `json:"admission"`
	Events    struct {
		Last      int        `json:"last"` // the last one's number
		Receivers []Receiver `json:"receivers"`
	} `json:"events"`
	Process struct {
		Goroutines int `json:"goroutines"`
	} `json:"process"`
	// Reloaded is the last reload of the configuration file, and ConfigError why it was
	// not taken.
	Reloaded struct {
		At     time.Time `json:"at"`
		Result string    `json:"result"` // "taken" or "refused"
	} `json:"reloaded"`
	ConfigError string `json:"config_error"`
}

// Admission is who has what of the devices.
type Admission struct {
	Devices []Device `json:"devices"`
	Leases  []Lease  `json:"leases"`
}

// Device is what is booked on a device.
type Device struct {
	ID     string           `json:"id"` // "cpu" is the machine itself
	Plan   float64          `json:"plan"`
	Leases int              `json:"leases"`
	Booked map[string]int64 `json:"booked"` // by resource
	Until  time.Time        `json:"tried_again_at"`
}

// Lease is what a stream has.
type Lease struct {
	Stream  string `json:"stream"`
	Channel string `json:"channel"`
	Device  string `json:"device"`
	Shed    int    `json:"shed"` // renditions that are not encoded
}

// Stream is one live stream.
type Stream struct {
	ID         string    `json:"id"`
	Channel    string    `json:"channel"`
	State      string    `json:"state"`
	Protocol   string    `json:"protocol"` // the publisher's: "rtmp", "rtmps" or "srt"
	Remote     string    `json:"remote"`   // the publisher's host:port
	Takeovers  int       `json:"takeovers"`
	Renditions []string  `json:"renditions"`
	Shed       []string  `json:"shed"` // of these, what is not encoded for want of room
	Viewers    int       `json:"viewers"`
	Health     []Finding `json:"health"`
	// IngestHealth is "HEALTHY" or "STARVING", Ingest what came in the last second.
	IngestHealth string  `json:"ingest_health"`
	Ingest       Ingest  `json:"ingest"`
	Worker       *Worker `json:"worker"` // nil where nothing is transcoded
	Link         *Link   `json:"link"`   // nil where the protocol tells nothing of it
}

// Link is how a publisher's connection does.
type Link struct {
	RTT           float64 `json:"rtt_ms"`
	Packets       int64   `json:"packets"` // received, as the others since its start
	Lost          int64   `json:"lost_packets"`
	Retransmitted int64   `json:"retransmitted_packets"`
	Delay         float64 `json:"delay_ms"` // SRT's latency
}

// Ingest is what a publisher sends.
type Ingest struct {
	Bitrate          int     `json:"bitrate"`           // bits per second
	FrameRate        float64 `json:"frame_rate"`        // frames per second
	KeyframeInterval float64 `json:"keyframe_interval"` // seconds
}

// Finding is one thing that is wrong with what the publisher sends.
type Finding struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Found says whether a finding of that code has been made.
func (s Stream) Found(code string) bool {
	return slices.ContainsFunc(s.Health, func(f Finding) bool { return f.Code == code })
}

// Worker is a stream's worker process.
type Worker struct {
	PID int `json:"pid"` // 0 while none runs
	// Backend is what makes the renditions, in pipeline.Backend's words.
	Backend  string `json:"backend"`
	Restarts int    `json:"restarts"`
}

// Health asks the daemon how it is.
func (d *Daemon) Health(ctx context.Context) (Health, error) {
	var h Health
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.ports.metrics+"/healthz", nil)
	if err != nil {
		return h, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return h, fmt.Errorf("healthz: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return h, fmt.Errorf("healthz: %s", resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil {
		return h, fmt.Errorf("healthz: %w", err)
	}
	return h, nil
}

// Stream is a channel's live stream; false where it is not live.
func (h Health) Stream(channel string) (Stream, bool) {
	for _, s := range h.Streams {
		if s.Channel == channel {
			return s, true
		}
	}
	return Stream{}, false
}

// AwaitStream waits until a channel has a live stream for which cond holds; a
// nil cond takes any.
func (d *Daemon) AwaitStream(ctx context.Context, channel string, cond func(Stream) bool) (Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var last Stream
	describe := func() string {
		b, err := json.Marshal(last)
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	err := await.Until(ctx, "channel "+channel, describe, func() (bool, error) {
		h, err := d.Health(ctx)
		if err != nil {
			return false, err
		}
		s, ok := h.Stream(channel)
		if ok {
			last = s
		}
		return ok && (cond == nil || cond(s)), nil
	})
	return last, err
}
