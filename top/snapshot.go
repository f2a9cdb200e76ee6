package top

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Snapshot is what /healthz says, as far as it is shown.
type Snapshot struct {
	Version   string    `json:"version"`
	Started   time.Time `json:"started"`
	At        time.Time `json:"at"` // by the daemon's clock, as all its times are
	Streams   []Stream  `json:"streams"`
	Lingering struct {
		Streams int `json:"streams"`
	} `json:"lingering"`
	Admission struct {
		Devices  []Device `json:"devices"`
		Unseated []string `json:"reserved_without_room"`
	} `json:"admission"`
	Reloaded *struct {
		At     time.Time `json:"at"`
		Result string    `json:"result"`
	} `json:"reloaded"`
	ConfigError string `json:"config_error"`
	DiskError   string `json:"window_disk_error"`
	API         struct {
		StoreError string `json:"store_error"`
	} `json:"api"`
}

// Device is one on which streams are made; "cpu" is the machine itself.
type Device struct {
	ID      string           `json:"id"`
	Name    string           `json:"name"`
	Encoder string           `json:"encoder"`
	Plan    float64          `json:"plan"`
	Leases  int              `json:"leases"`
	Booked  map[string]int64 `json:"booked"`
	Limit   map[string]int64 `json:"limit"`
	Until   time.Time        `json:"tried_again_at"` // zero where it is in use
	Why     string           `json:"why"`
}

// The resources that are shown, by their names in Device.Booked.
const (
	sessions = "encoder sessions"
	encoding = "encoding"
	memory   = "GPU memory"
	cpu      = "CPU" // thousandths of a core
)

// machine is the ID of the device that is the machine itself.
const machine = "cpu"

// Stream is one that is live.
type Stream struct {
	ID         string    `json:"id"`
	Channel    string    `json:"channel"`
	Since      time.Time `json:"since"`
	Started    bool      `json:"started"`
	State      string    `json:"state"`
	Protocol   string    `json:"protocol"`
	Remote     string    `json:"remote"`
	Priority   int       `json:"priority"`
	Takeovers  int       `json:"takeovers"`
	Link       *Link     `json:"link"`
	Encoder    string    `json:"encoder"`
	Source     *Source   `json:"source"`
	Renditions []string  `json:"renditions"`
	Shed       []string  `json:"shed"`
	Viewers    int       `json:"viewers"`
	Health     []Finding `json:"health"`
	Ingest     Ingest    `json:"ingest"`
	// IngestHealth is "HEALTHY" or "STARVING".
	IngestHealth string  `json:"ingest_health"`
	Worker       *Worker `json:"worker"`
	Window       *Window `json:"window"`
}

// Ingest is what came from the publisher in the last second.
type Ingest struct {
	Bitrate          int     `json:"bitrate"` // bits per second, as the next two
	VideoBitrate     int     `json:"video_bitrate"`
	AudioBitrate     int     `json:"audio_bitrate"`
	FrameRate        float64 `json:"frame_rate"`
	KeyframeInterval float64 `json:"keyframe_interval"` // seconds; 0 where it is not known
}

// Source is what the publisher's media are.
type Source struct {
	Video struct {
		Codec         string  `json:"codec"`
		Profile       string  `json:"profile"`
		Level         string  `json:"level"`
		Width         int     `json:"width"`
		Height        int     `json:"height"`
		FrameRate     float64 `json:"frame_rate"`
		TargetBitrate int     `json:"target_bitrate_bps"`
	} `json:"video"`
	Audio *struct {
		Codec         string `json:"codec"`
		SampleRate    int    `json:"sample_rate"`
		Channels      int    `json:"channels"`
		TargetBitrate int    `json:"target_bitrate_bps"`
	} `json:"audio"`
}

// Link is how the publisher's connection does, where the protocol tells.
type Link struct {
	RTT           float64 `json:"rtt_ms"`
	Packets       int64   `json:"packets"`
	Lost          int64   `json:"lost_packets"`
	Retransmitted int64   `json:"retransmitted_packets"`
	Dropped       int64   `json:"dropped_packets"`
	Damaged       int64   `json:"damaged_units"`
	Bandwidth     int64   `json:"bandwidth_bps"`
	Delay         float64 `json:"delay_ms"`
}

// loss is how many of the packets were lost, in percent.
func (l Link) loss() float64 {
	if l.Packets+l.Lost == 0 {
		return 0
	}
	return 100 * float64(l.Lost) / float64(l.Packets+l.Lost)
}

// Worker is the process that makes a stream's renditions.
type Worker struct {
	PID         int      `json:"pid"` // 0 while none runs
	Backend     string   `json:"backend"`
	Device      string   `json:"device"`
	Encoders    []string `json:"encoders"`
	Behind      float64  `json:"behind_ms"`
	Restarts    int      `json:"restarts"`
	LastFailure string   `json:"last_failure"`
}

// Window is what viewers can go back to.
type Window struct {
	Memory    int64  `json:"memory_bytes"`
	Disk      int64  `json:"disk_bytes"`
	Lost      int64  `json:"lost_segments"`
	DiskError string `json:"disk_error"`
}

// Finding is one thing that is wrong with what a publisher sends, or was.
type Finding struct {
	Code  string    `json:"code"`
	Text  string    `json:"text"`
	Since time.Time `json:"since"` // zero where the daemon does not tell
	Over  time.Time `json:"over"`  // zero where it still is so
}

// Read is the snapshot of an answer.
func Read(r io.Reader) (Snapshot, error) {
	var s Snapshot
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return s, fmt.Errorf("read the daemon's answer: %w", err)
	}
	return s, nil
}
