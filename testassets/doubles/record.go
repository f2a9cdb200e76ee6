package doubles

// Kind is what an Event tells.
type Kind string

// The kinds of events.
const (
	MadeContext  Kind = "context"
	Opened       Kind = "open"          // Session, Status
	Initialized  Kind = "initialize"    // Session, Options
	ToldHeaders  Kind = "headers"       // Headers
	Reconfigured Kind = "reconfigure"   // Session, Options
	Forced       Kind = "forced"        // Session, Picture, Timestamp, IDR
	Closed       Kind = "close"         // Session, Pictures, ForcedIDRs, SEIs
	MadeDecoder  Kind = "decoder"       // Width, Height
	DecoderGone  Kind = "decoder_close" // Pictures
	Hung         Kind = "hang"          // At
	Crashed      Kind = "crash"         // At
)

// Event is one thing that a driver was given.
type Event struct {
	Kind    Kind  `json:"event"`
	PID     int   `json:"pid"`
	Card    int   `json:"card"`
	Session int   `json:"session"` // of the process
	Status  int   `json:"status"`  // NVENC's answer; 0 is success
	At      Point `json:"at"`

	Picture   int   `json:"picture"`   // counted from 0
	Timestamp int64 `json:"timestamp"` // as the program gave it
	IDR       bool  `json:"idr"`       // forced to be an IDR, not only an I picture

	Pictures   int `json:"pictures"`
	ForcedIDRs int `json:"forced_idrs"`
	SEIs       int `json:"seis"`

	// Headers are an encoder's SPS and PPS with start codes, in hexadecimal.
	Headers string `json:"bytes"`
	Options
}

// Options are an encoder's, by NVENC's names where these say enough.
type Options struct {
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	RateNum     int    `json:"rate_num"`
	RateDen     int    `json:"rate_den"`
	Preset      string `json:"preset"` // "p1" to "p7"
	Tuning      string `json:"tuning"` // "hq", "ll", "ull", "lossless"
	Profile     string `json:"profile"`
	Level       int    `json:"level"`        // 41 is 4.1; 0 leaves it to the driver
	RateControl string `json:"rate_control"` // "cbr", "vbr", "constqp"
	Bitrate     int    `json:"bitrate"`      // bits per second
	MaxBitrate  int    `json:"max_bitrate"`
	VBV         int    `json:"vbv"` // bits
	Multipass   int    `json:"multipass"`
	Lookahead   int    `json:"lookahead"` // pictures

	ZeroReorderDelay int `json:"zero_reorder_delay"`
	StrictGOP        int `json:"strict_gop"`
	NoScenecut       int `json:"no_scenecut"`
	AQ               int `json:"aq"`
	TemporalAQ       int `json:"temporal_aq"`

	GOP            uint32 `json:"gop"` // pictures; 0xffffffff has no end
	IDRPeriod      uint32 `json:"idr_period"`
	BFrames        int    `json:"b_frames"`
	CABAC          int    `json:"cabac"`
	Filler         int    `json:"filler"`
	AUD            int    `json:"aud"`
	RepeatHeaders  int    `json:"repeat_headers"`  // SPS and PPS before each IDR
	DisableHeaders int    `json:"disable_headers"` // SPS and PPS in no picture
	FullRange      int    `json:"full_range"`
	Primaries      int    `json:"primaries"`
	Transfer       int    `json:"transfer"`
	Matrix         int    `json:"matrix"`
}

// Record is all that the drivers of the box's cards were given so far, in order.
func (r *Rig) Record() ([]Event, error) { return recorded[Event](r.control) }

// Recorded is the events of one kind.
func (r *Rig) Recorded(kind Kind) ([]Event, error) {
	all, err := r.Record()
	var some []Event
	for _, e := range all {
		if e.Kind == kind {
			some = append(some, e)
		}
	}
	return some, err
}
