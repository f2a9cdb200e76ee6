package control

import (
	"context"
	"crypto/rand"
	"slices"
)

// byARN is a request for one channel under the name that the channel operations have for it.
type byARN struct {
	ARN channelARN `json:"arn" required:"true"`
}

func (r byARN) resources(arns) []string { return []string{string(r.ARN)} }

// byChannelARN is likewise, under the name that the stream operations have.
type byChannelARN struct {
	Channel channelARN `json:"channelArn" required:"true"`
}

func (r byChannelARN) resources(arns) []string { return []string{string(r.Channel)} }

// wishes are the properties of a channel that callers choose.
type wishes struct {
	Name       *channelName      `json:"name"`
	Latency    *latencyMode      `json:"latencyMode"`
	Type       *channelType      `json:"type"`
	Authorized *bool             `json:"authorized"`
	Recording  *channelRecording `json:"recordingConfigurationArn"`
	Insecure   *bool             `json:"insecureIngest"`
	Preset     *transcodePreset  `json:"preset"`
	Policy     *channelPolicy    `json:"playbackRestrictionPolicyArn"`
	Multitrack *multitrack       `json:"multitrackInputConfiguration"`
	Container  *containerFormat  `json:"containerFormat"`
	Ads        *channelAds       `json:"adConfigurationArn"`
}

type createChannelRequest struct {
	wishes
	withTags
}

type createChannelResponse struct {
	Channel Channel   `json:"channel"`
	Key     streamKey `json:"streamKey"`
}

func (a *API) createChannel(ctx context.Context, in *createChannelRequest) (*createChannelResponse, error) {
	c := &channelRecord{
		ID: newID(), Created: a.now(), Type: "STANDARD", Latency: "LOW", Container: "TS",
		Passphrase: newPassphrase(), Tags: in.tagged(),
	}
	c.Key = a.newKey(c.ID, nil)
	if err := a.wish(c, &in.wishes); err != nil {
		return nil, err
	}
	err := a.change(ctx, func(d *draft) error {
		if err := d.count(kindChannel, 1, a.settings.Load().Quotas.Channels, "channels"); err != nil {
			return err
		}
		if err := a.useWishes(d, c, &channelRecord{}); err != nil {
			return err
		}
		if err := d.put(entryKey(kindStreamKey, c.Key.ID), keyIndex{c.ID}); err != nil {
			return err
		}
		return d.put(entryKey(kindChannel, c.ID), c)
	})
	if err != nil {
		return nil, err
	}
	return &createChannelResponse{a.channel(c), a.streamKey(c)}, nil
}

// wish has the channel be as it is wished. What is not wished stays.
func (a *API) wish(c *channelRecord, w *wishes) error {
	typed := c.Type
	set(&c.Name, w.Name)
	set(&c.Latency, w.Latency)
	set(&c.Type, w.Type)
	set(&c.Container, w.Container)
	if w.Authorized != nil {
		c.Authorized = *w.Authorized
	}
	if w.Insecure != nil {
		c.Insecure = *w.Insecure
	}
	if w.Multitrack != nil {
		c.Multitrack = w.Multitrack
	}
	if w.Ads != nil && *w.Ads != "" {
		return notFound(string(*w.Ads))
	}
	if err := a.refer(&c.Recording, kindRecording, (*string)(w.Recording)); err != nil {
		return err
	}
	if err := a.refer(&c.Policy, kindPolicy, (*string)(w.Policy)); err != nil {
		return err
	}
	if err := preset(c, typed, w.Preset); err != nil {
		return err
	}
	return multitrackAllowed(c)
}

func set[T ~string](to *string, wish *T) {
	if wish != nil {
		*to = string(*wish)
	}
}

// refer takes the id of what an ARN names, or none where the ARN is empty.
func (a *API) refer(to *string, k kind, arn *string) error {
	switch {
	case arn == nil:
	case *arn == "":
		*to = ""
	default:
		id, ours := a.arns.id(k, *arn)
		if !ours {
			return notFound(*arn)
		}
		*to = id
	}
	return nil
}

const defaultPreset = "HIGHER_BANDWIDTH_DELIVERY"

// preset is for ADVANCED channels alone, which have one.
func preset(c *channelRecord, typed string, wish *transcodePreset) error {
	if c.Type != "ADVANCED_HD" && c.Type != "ADVANCED_SD" {
		if wish != nil {
			return fault(codeValidation, "preset is for channels of type ADVANCED_HD and ADVANCED_SD, and this one is %s", c.Type)
		}
		c.Preset = ""
		return nil
	}
	if c.Preset == "" || c.Type != typed {
		c.Preset = defaultPreset
	}
	set(&c.Preset, wish)
	return nil
}

// multitrackAllowed says what else a channel with multitrack input has to be.
func multitrackAllowed(c *channelRecord) error {
	m := c.Multitrack
	switch {
	case m == nil || !m.Enabled:
		return nil
	case c.Type != "STANDARD":
		return fault(codeValidation, "multitrack input is for channels of type STANDARD, and this one is %s", c.Type)
	case c.Container != "FRAGMENTED_MP4":
		return fault(codeValidation, "multitrack input needs containerFormat FRAGMENTED_MP4")
	case m.Policy == nil || m.MaximumResolution == nil:
		return fault(codeValidation, "multitrackInputConfiguration needs policy and maximumResolution where it is enabled")
	}
	return nil
}

// useWishes keeps what the channel refers to from being deleted, and lets go of what it
// referred to before.
func (a *API) useWishes(d *draft, c, was *channelRecord) error {
	for _, r := range []struct {
		kind    kind
		now, as string
	}{{kindRecording, c.Recording, was.Recording}, {kindPolicy, c.Policy, was.Policy}} {
		if r.now == r.as {
			continue
		}
		d.release(r.kind, r.as, c.ID)
		if err := d.use(r.kind, r.now, c.ID, a.arns.of(r.kind, r.now)); err != nil {
			return err
		}
	}
	return nil
}

type channelResponse struct {
	Channel Channel `json:"channel"`
}

func (a *API) getChannel(ctx context.Context, in *byARN) (*channelResponse, error) {
	c, err := a.findChannel(ctx, string(in.ARN))
	if err != nil {
		return nil, err
	}
	return &channelResponse{a.channel(c)}, nil
}

// findChannel reads a channel, of the file or of the store.
func (a *API) findChannel(ctx context.Context, arn string) (*channelRecord, error) {
	id, _ := a.arns.id(kindChannel, arn)
	if fixed := a.settings.Load().byID[id]; fixed != nil {
		return fixed, nil
	}
	var c channelRecord
	if err := a.load(ctx, kindChannel, arn, &c); err != nil {
		return nil, err
	}
	return &c, nil
}

// changeChannel has alter change a channel of the store, and gives back what became of it.
func (a *API) changeChannel(ctx context.Context, arn string, alter func(*draft, *channelRecord) error) (*channelRecord, error) {
	id, ours := a.arns.id(kindChannel, arn)
	if !ours {
		return nil, notFound(arn)
	}
	if a.settings.Load().byID[id] != nil {
		return nil, fixedFault(arn)
	}
	var altered *channelRecord
	err := a.change(ctx, func(d *draft) error {
		altered = &channelRecord{}
		found, err := d.get(entryKey(kindChannel, id), altered)
		if err != nil {
			return err
		}
		if !found {
			return notFound(arn)
		}
		return alter(d, altered)
	})
	return altered, err
}

func fixedFault(arn string) *Fault {
	return fault(codeConflict, "%s is in the server's configuration file: change it there", arn)
}

type updateChannelRequest struct {
	byARN
	wishes
}

// updateChannel has the next stream be another: one that runs goes on as it began.
func (a *API) updateChannel(ctx context.Context, in *updateChannelRequest) (*channelResponse, error) {
	c, err := a.changeChannel(ctx, string(in.ARN), func(d *draft, c *channelRecord) error {
		was := *c
		if err := a.wish(c, &in.wishes); err != nil {
			return err
		}
		if err := a.useWishes(d, c, &was); err != nil {
			return err
		}
		return d.put(entryKey(kindChannel, c.ID), c)
	})
	if err != nil {
		return nil, err
	}
	return &channelResponse{a.channel(c)}, nil
}

// deleteChannel deletes its stream key too. The sessions that it had stay.
func (a *API) deleteChannel(ctx context.Context, in *byARN) (*empty, error) {
	gone, err := a.changeChannel(ctx, string(in.ARN), func(d *draft, c *channelRecord) error {
		if a.streams.OnAir(c.ID) {
			return fault(codeConflict, "%s is live: stop its stream first", in.ARN)
		}
		if err := d.count(kindChannel, -1, 0, ""); err != nil {
			return err
		}
		if c.Key != nil {
			d.delete(entryKey(kindStreamKey, c.Key.ID))
		}
		d.release(kindRecording, c.Recording, c.ID)
		d.release(kindPolicy, c.Policy, c.ID)
		d.delete(entryKey(kindChannel, c.ID))
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Somebody may have begun to publish since that was looked at. Nobody could stop him any
	// more, and his key is no good for another try.
	if _, err := a.streams.Stop(ctx, gone.ID); err != nil {
		a.log.Warn("the stream of a channel that is gone has not ended yet", "channel", gone.ID, "reason", err)
	}
	return nil, nil
}

type batchGetChannelRequest struct {
	ARNs channelARNs `json:"arns" required:"true"`
}

func (r batchGetChannelRequest) resources(arns) []string { return texts(r.ARNs) }

type batchGetChannelResponse struct {
	Channels []Channel    `json:"channels"`
	Errors   []batchError `json:"errors"`
}

func (a *API) batchGetChannel(ctx context.Context, in *batchGetChannelRequest) (*batchGetChannelResponse, error) {
	channels, wrong, err := findEach(texts(in.ARNs), func(arn string) (Channel, error) {
		c, err := a.findChannel(ctx, arn)
		if err != nil {
			return Channel{}, err
		}
		return a.channel(c), nil
	})
	return &batchGetChannelResponse{channels, wrong}, err
}

// channel is how the API shows a channel.
func (a *API) channel(c *channelRecord) Channel {
	at := a.settings.Load().Endpoints
	out := Channel{
		ARN: a.arns.of(kindChannel, c.ID), Name: c.Name, LatencyMode: c.Latency, Type: c.Type, Preset: c.Preset,
		Authorized: c.Authorized, InsecureIngest: c.Insecure, ContainerFormat: c.Container, Multitrack: c.Multitrack,
		IngestEndpoint: at.Ingest, PlaybackURL: a.playbackURL(c.ID), Tags: shown(c.Tags),
		Recording: a.maybe(kindRecording, c.Recording), RestrictionPolicy: a.maybe(kindPolicy, c.Policy),
	}
	if at.SRT != "" {
		out.SRT = &srt{Endpoint: at.SRT, Passphrase: secret(c.Passphrase)}
	}
	return out
}

// maybe is the ARN of what a channel refers to; empty for nothing.
func (a *API) maybe(k kind, id string) string {
	if id == "" {
		return ""
	}
	return a.arns.of(k, id)
}

// playbackURL is where a channel is watched (DESIGN of the path: playback.PlaybackPath).
func (a *API) playbackURL(channel string) string {
	return a.settings.Load().Endpoints.Playback + "/api/video/v1/" + a.arns.region + "." + a.arns.account + ".channel." + channel + ".m3u8"
}

// newID names a resource: 60 random bits.
func newID() string { return rand.Text()[:12] }

// newPassphrase is as long as SRT's may be, about (10 to 79 characters).
func newPassphrase() string { return (rand.Text() + rand.Text() + rand.Text())[:64] }

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = string(t)
	}
	return out
}

// unique leaves out what is there a second time.
func unique(list []string) (once []string) {
	for _, t := range list {
		if !slices.Contains(once, t) {
			once = append(once, t)
		}
	}
	return once
}
