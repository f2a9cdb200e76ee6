package control

import (
	"cmp"
	"slices"

	"ladderd/control/iam"
	"ladderd/control/sigv4"
)

// Settings may be replaced while the API runs.
type Settings struct {
	Keys      []AccessKey
	Fixed     []FixedChannel // that nobody may change here
	Endpoints Endpoints
	Quotas    Quotas
	CallRate  int // multiplies the call rates of the guide
}

// AccessKey is who may call.
type AccessKey struct {
	sigv4.Key
	User   string // of IAM: what policies and the audit log call whoever has the key
	Policy *iam.Policy
}

// FixedChannel is a channel that is in the configuration file.
type FixedChannel struct {
	ID, Name, Type, Preset, Latency, Container string
	Insecure                                   bool
	Key, Passphrase                            string
}

// Endpoints is what publishers and viewers are told.
type Endpoints struct {
	Ingest   string // host, or host:port where it is not RTMPS on 443
	SRT      string // host, or host:port where it is not 9000
	Playback string // the URL before the path, as "https://host:8443"
}

// Quotas is how many there may be (guide, lines 8904–8960).
type Quotas struct {
	Channels, Recordings, PlaybackKeys, Policies int
	Countries, Origins                           int // of one policy
}

// settings are Settings that can be looked things up in.
type settings struct {
	Settings
	keys    map[string]AccessKey
	byID    map[string]*channelRecord // those that are fixed
	inOrder []*channelRecord          // by id
}

// Configure has these settings hold from the next request on.
func (a *API) Configure(s Settings) {
	next := &settings{Settings: s, keys: map[string]AccessKey{}, byID: map[string]*channelRecord{}}
	for _, k := range s.Keys {
		next.keys[k.ID] = k
	}
	for _, f := range s.Fixed {
		c := &channelRecord{
			ID: f.ID, Name: f.Name, Type: f.Type, Preset: f.Preset, Latency: f.Latency, Container: f.Container,
			Insecure: f.Insecure, Passphrase: f.Passphrase, Key: &keyRecord{ID: f.ID, Value: f.Key},
		}
		next.byID[c.ID] = c
		next.inOrder = append(next.inOrder, c)
	}
	slices.SortFunc(next.inOrder, func(a, b *channelRecord) int { return cmp.Compare(a.ID, b.ID) })
	a.settings.Store(next)
}
