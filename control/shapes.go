package control

import (
	"encoding/json"
	"time"
)

// The shapes of requests and answers, by the names of the AWS model. A field's type says what
// it may hold (rules.go); a field with the tag required:"true" must be there. A pointer is nil
// where the request says nothing.

// Texts and numbers of requests.
type (
	channelARN         string
	streamKeyARN       string
	playbackKeyARN     string
	recordingARN       string
	policyARN          string
	resourceARN        string
	channelRecording   string // the ARN of a recording configuration, or empty for none
	channelPolicy      string // the ARN of a playback restriction policy, or empty for none
	channelAds         string // the ARN of an ad configuration, or empty for none
	channelName        string
	playbackKeyName    string
	recordingName      string
	policyName         string
	latencyMode        string
	channelType        string
	transcodePreset    string
	containerFormat    string
	multitrackPolicy   string
	multitrackSize     string
	tagKey             string
	tagValue           string
	tagMap             map[tagKey]tagValue
	tagKeys            []tagKey
	country            string
	origin             string
	bucketName         string
	recordingMode      string
	thumbnailSize      string
	thumbnailStorage   string
	renditionSelection string
	renditionSize      string
	thumbnailInterval  int64 // seconds
	reconnectWindow    int   // seconds
	streamHealth       string
	streamID           string
	viewerID           string
	viewerVersion      int
	pageToken          string
	pageOf100          int // how many results a page may have
	pageOf50           int
	channelARNs        []channelARN
	streamKeyARNs      []streamKeyARN
	viewerSessions     []viewerSession
)

// secret is text that is in no log: what is written down of requests and answers leaves it out.
type secret string

// secretText is likewise, and may not be empty.
type secretText string

// Channel is the answer's channel.
type Channel struct {
	ARN               string            `json:"arn"`
	Name              string            `json:"name"`
	LatencyMode       string            `json:"latencyMode"`
	Type              string            `json:"type"`
	Recording         string            `json:"recordingConfigurationArn"`
	IngestEndpoint    string            `json:"ingestEndpoint"`
	PlaybackURL       string            `json:"playbackUrl"`
	Authorized        bool              `json:"authorized"`
	Tags              map[string]string `json:"tags"`
	InsecureIngest    bool              `json:"insecureIngest"`
	Preset            string            `json:"preset"`
	SRT               *srt              `json:"srt,omitempty"`
	RestrictionPolicy string            `json:"playbackRestrictionPolicyArn"`
	Multitrack        *multitrack       `json:"multitrackInputConfiguration,omitempty"`
	ContainerFormat   string            `json:"containerFormat"`
}

type srt struct {
	Endpoint   string `json:"endpoint"`
	Passphrase secret `json:"passphrase,omitempty"`
}

type multitrack struct {
	Enabled           bool              `json:"enabled"`
	Policy            *multitrackPolicy `json:"policy,omitempty"`
	MaximumResolution *multitrackSize   `json:"maximumResolution,omitempty"`
}

type channelSummary struct {
	ARN               string            `json:"arn"`
	Name              string            `json:"name"`
	LatencyMode       string            `json:"latencyMode"`
	Authorized        bool              `json:"authorized"`
	Recording         string            `json:"recordingConfigurationArn"`
	Tags              map[string]string `json:"tags"`
	InsecureIngest    bool              `json:"insecureIngest"`
	Type              string            `json:"type"`
	Preset            string            `json:"preset"`
	RestrictionPolicy string            `json:"playbackRestrictionPolicyArn"`
}

type streamKey struct {
	ARN     string            `json:"arn"`
	Value   secret            `json:"value"`
	Channel string            `json:"channelArn"`
	Tags    map[string]string `json:"tags"`
}

type streamKeySummary struct {
	ARN     string            `json:"arn"`
	Channel string            `json:"channelArn"`
	Tags    map[string]string `json:"tags"`
}

type playbackKeyPair struct {
	ARN         string            `json:"arn"`
	Name        string            `json:"name"`
	Fingerprint string            `json:"fingerprint,omitempty"` // not in summaries
	Tags        map[string]string `json:"tags"`
}

type restrictionPolicy struct {
	ARN       string            `json:"arn"`
	Countries []string          `json:"allowedCountries"`
	Origins   []string          `json:"allowedOrigins"`
	Strict    bool              `json:"enableStrictOriginEnforcement"`
	Name      string            `json:"name"`
	Tags      map[string]string `json:"tags"`
}

type recordingConfiguration struct {
	ARN             string            `json:"arn"`
	Name            string            `json:"name"`
	Destination     destination       `json:"destinationConfiguration"`
	State           string            `json:"state"`
	Tags            map[string]string `json:"tags"`
	Thumbnails      *thumbnails       `json:"thumbnailConfiguration,omitempty"` // these three are not in summaries
	ReconnectWindow *int              `json:"recordingReconnectWindowSeconds,omitempty"`
	Renditions      *renditions       `json:"renditionConfiguration,omitempty"`
}

type destination struct {
	S3 *bucket `json:"s3"`
}

type bucket struct {
	Name bucketName `json:"bucketName" required:"true"`
}

type thumbnails struct {
	Mode       *recordingMode     `json:"recordingMode,omitempty"`
	Interval   *thumbnailInterval `json:"targetIntervalSeconds,omitempty"`
	Resolution *thumbnailSize     `json:"resolution,omitempty"`
	Storage    []thumbnailStorage `json:"storage,omitempty"`
}

type renditions struct {
	Selection *renditionSelection `json:"renditionSelection,omitempty"`
	Sizes     []renditionSize     `json:"renditions,omitempty"`
}

type stream struct {
	Channel     string    `json:"channelArn"`
	ID          string    `json:"streamId"`
	PlaybackURL string    `json:"playbackUrl,omitempty"` // not in summaries
	Start       time.Time `json:"startTime"`
	State       string    `json:"state"`
	Health      string    `json:"health"`
	Viewers     int64     `json:"viewerCount"`
}

type streamSession struct {
	ID        string          `json:"streamId"`
	Start     time.Time       `json:"startTime"`
	End       *time.Time      `json:"endTime,omitempty"` // none while it is live
	Channel   json.RawMessage `json:"channel,omitempty"`
	Ingest    *ingestTrack    `json:"ingestConfiguration,omitempty"`
	Ingests   *ingestTracks   `json:"ingestConfigurations,omitempty"`
	Recording json.RawMessage `json:"recordingConfiguration,omitempty"`
	Events    []streamEvent   `json:"truncatedEvents"`
}

type streamSessionSummary struct {
	ID       string     `json:"streamId"`
	Start    time.Time  `json:"startTime"`
	End      *time.Time `json:"endTime,omitempty"`
	HasError bool       `json:"hasErrorEvent"`
}

type streamEvent struct {
	Name string    `json:"name"`
	Type string    `json:"type"`
	Time time.Time `json:"eventTime"`
	Code string    `json:"code,omitempty"`
}

type ingestTrack struct {
	Video *ingestVideo `json:"video,omitempty"`
	Audio *ingestAudio `json:"audio,omitempty"`
}

type ingestTracks struct {
	Video []ingestVideo `json:"videoConfigurations"`
	Audio []ingestAudio `json:"audioConfigurations"`
}

type ingestVideo struct {
	AVCProfile string `json:"avcProfile"` // in ingestConfiguration only, like AVCLevel
	AVCLevel   string `json:"avcLevel"`
	Codec      string `json:"codec"`
	Encoder    string `json:"encoder"`
	Bitrate    int    `json:"targetBitrate"` // bits per second
	FrameRate  int    `json:"targetFramerate"`
	Height     int    `json:"videoHeight"`
	Width      int    `json:"videoWidth"`
	Level      string `json:"level"`
	Track      string `json:"track"`
	Profile    string `json:"profile"`
}

type ingestAudio struct {
	Codec      string `json:"codec"`
	Bitrate    int    `json:"targetBitrate"` // bits per second
	SampleRate int    `json:"sampleRate"`    // Hz
	Channels   int    `json:"channels"`
	Track      string `json:"track"`
}

type viewerSession struct {
	Channel channelARN    `json:"channelArn" required:"true"`
	Viewer  viewerID      `json:"viewerId" required:"true"`
	Version viewerVersion `json:"viewerSessionVersionsLessThanOrEqualTo"`
}

// batchError is what was wrong with one of a batch.
type batchError struct {
	ARN     string `json:"arn"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type viewerSessionError struct {
	Channel string `json:"channelArn"`
	Viewer  string `json:"viewerId"`
	Code    string `json:"code"`
	Message string `json:"message"`
}
