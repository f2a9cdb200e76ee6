package control

import (
	"encoding/json"
	"time"
)

// Records are what is in the store, as JSON, each below its kind: "channel/abc". They are a
// format that later versions have to read: fields are added, never renamed.

// channelRecord is a channel and its stream key. They are one entry, since a channel has one
// key at most (guide, line 8951), so that nobody sees the one without the other.
type channelRecord struct {
	ID         string            `json:"id"`
	Created    time.Time         `json:"created"`
	Name       string            `json:"name,omitempty"`
	Type       string            `json:"type"`
	Preset     string            `json:"preset,omitempty"`
	Latency    string            `json:"latency"`
	Container  string            `json:"container"`
	Authorized bool              `json:"authorized,omitempty"`
	Insecure   bool              `json:"insecure,omitempty"`
	Recording  string            `json:"recording,omitempty"` // the id of its configuration
	Policy     string            `json:"policy,omitempty"`    // likewise
	Multitrack *multitrack       `json:"multitrack,omitempty"`
	Passphrase string            `json:"passphrase,omitempty"` // of SRT
	Tags       map[string]string `json:"tags,omitempty"`
	Key        *keyRecord        `json:"key,omitempty"`
}

type keyRecord struct {
	ID    string            `json:"id"`
	Value string            `json:"value"`
	Tags  map[string]string `json:"tags,omitempty"`
}

// keyIndex is the entry below kindStreamKey: whose the key is.
type keyIndex struct {
	Channel string `json:"channel"`
}

type playbackKeyRecord struct {
	ID          string            `json:"id"`
	Created     time.Time         `json:"created"`
	Name        string            `json:"name,omitempty"`
	Public      []byte            `json:"public"` // PKIX, DER
	Fingerprint string            `json:"fingerprint"`
	Tags        map[string]string `json:"tags,omitempty"`
}

type policyRecord struct {
	ID        string            `json:"id"`
	Created   time.Time         `json:"created"`
	Name      string            `json:"name,omitempty"`
	Countries []string          `json:"countries,omitempty"`
	Origins   []string          `json:"origins,omitempty"`
	Strict    bool              `json:"strict,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
}

type recordingRecord struct {
	ID              string            `json:"id"`
	Created         time.Time         `json:"created"`
	Name            string            `json:"name,omitempty"`
	Bucket          string            `json:"bucket"`
	ReconnectWindow int               `json:"reconnect_window,omitempty"` // seconds
	Thumbnails      thumbnails        `json:"thumbnails"`
	Renditions      renditions        `json:"renditions"`
	Tags            map[string]string `json:"tags,omitempty"`
}

// revocationRecord ends the viewer's sessions of these versions.
type revocationRecord struct {
	At      time.Time `json:"at"`
	Version int       `json:"version"`
}

// countRecord is how many there are of a kind, for its quota.
type countRecord struct {
	N int `json:"n"`
}

// entryKey is where a record is.
func entryKey(k kind, id string) string { return string(k) + "/" + id }

// countKey is where its count is.
func countKey(k kind) string { return "count/" + string(k) }

// usesKey is there as long as a channel uses what it names.
func usesKey(k kind, id, channel string) string { return usesOf(k, id) + channel }

func usesOf(k kind, id string) string { return "uses/" + string(k) + "/" + id + "/" }

// revocations is below what they are.
const revocations = "revocation/"

// revocationKey is a revocation's. Viewer ids are any text: they are written as JSON writes
// them, so that no two are the same.
func revocationKey(channel, viewer string) string {
	quoted, _ := json.Marshal(viewer) // text marshals
	return revocations + channel + "/" + string(quoted)
}
