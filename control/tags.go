package control

import (
	"context"
	"maps"
	"net/http"
	"strings"
)

// withTags is a request for something new that has tags.
type withTags struct {
	Tags tagMap `json:"tags"`
}

func (r withTags) tagged() map[string]string {
	if len(r.Tags) == 0 {
		return nil
	}
	tags := make(map[string]string, len(r.Tags))
	for key, value := range r.Tags {
		tags[string(key)] = string(value)
	}
	return tags
}

// shown is a record's tags as answers have them: an object, also where there are none.
func shown(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

// tagsMost is how many tags a resource may have.
const tagsMost = 50

// byResource is a request about the resource that its URL names.
type byResource struct {
	ARN resourceARN `json:"resourceArn" required:"true"`
}

func (r *byResource) readURL(q *http.Request) {
	r.ARN = resourceARN(strings.TrimPrefix(q.URL.Path, tagsURL))
}

func (r *byResource) resources(arns) []string { return []string{string(r.ARN)} }

type tagsResponse struct {
	Tags map[string]string `json:"tags"`
}

func (a *API) listTags(ctx context.Context, in *byResource) (*tagsResponse, error) {
	h, err := a.holder(ctx, string(in.ARN))
	if err != nil {
		return nil, err
	}
	return &tagsResponse{shown(*h.tags())}, nil
}

// tagsOf are a resource's; none where there is no such resource.
func (a *API) tagsOf(ctx context.Context, arn string) (map[string]string, error) {
	h, err := a.holder(ctx, arn)
	if _, none := oneOfBatch(err); none {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return *h.tags(), nil
}

type tagResourceRequest struct {
	byResource
	Tags *tagMap `json:"tags" required:"true"`
}

func (r *tagResourceRequest) tagged() map[string]string { return withTags{*r.Tags}.tagged() }

func (a *API) tagResource(ctx context.Context, in *tagResourceRequest) (*empty, error) {
	return a.retag(ctx, string(in.ARN), func(tags map[string]string) error {
		maps.Copy(tags, in.tagged())
		if len(tags) > tagsMost {
			return fault(codeValidation, "a resource has %d tags at most, and this one would have %d", tagsMost, len(tags))
		}
		return nil
	})
}

type untagResourceRequest struct {
	byResource
	Keys tagKeys `json:"tagKeys" required:"true"`
}

func (r *untagResourceRequest) readURL(q *http.Request) {
	r.byResource.readURL(q)
	for _, key := range q.URL.Query()["tagKeys"] {
		r.Keys = append(r.Keys, tagKey(key))
	}
}

func (r *untagResourceRequest) untagged() []string { return texts(r.Keys) }

func (a *API) untagResource(ctx context.Context, in *untagResourceRequest) (*empty, error) {
	return a.retag(ctx, string(in.ARN), func(tags map[string]string) error {
		for _, key := range in.Keys {
			delete(tags, string(key))
		}
		return nil
	})
}

// tagHolder is a record with tags.
type tagHolder interface {
	tags() *map[string]string
}

func (c *channelRecord) tags() *map[string]string     { return &c.Tags }
func (p *playbackKeyRecord) tags() *map[string]string { return &p.Tags }
func (p *policyRecord) tags() *map[string]string      { return &p.Tags }
func (r *recordingRecord) tags() *map[string]string   { return &r.Tags }

// keyHolder is a channel where its key's tags are meant.
type keyHolder struct{ *channelRecord }

func (k *keyHolder) tags() *map[string]string { return &k.Key.Tags }

// holders make an empty record of each kind that is an entry of its own.
var holders = map[kind]func() tagHolder{
	kindChannel:     func() tagHolder { return &channelRecord{} },
	kindPlaybackKey: func() tagHolder { return &playbackKeyRecord{} },
	kindPolicy:      func() tagHolder { return &policyRecord{} },
	kindRecording:   func() tagHolder { return &recordingRecord{} },
}

// holder reads the record whose tags are a resource's.
func (a *API) holder(ctx context.Context, arn string) (tagHolder, error) {
	k, id, ours := a.arns.split(arn)
	fixed := a.settings.Load().byID[id]
	switch {
	case !ours:
		return nil, notFound(arn)
	case k == kindStreamKey:
		c, err := a.keyOwner(ctx, arn)
		return &keyHolder{c}, err
	case k == kindChannel && fixed != nil:
		return fixed, nil
	case holders[k] == nil:
		return nil, notFound(arn)
	}
	h := holders[k]()
	return h, a.load(ctx, k, arn, h)
}

// retag changes a resource's tags.
func (a *API) retag(ctx context.Context, arn string, alter func(map[string]string) error) (*empty, error) {
	k, id, ours := a.arns.split(arn)
	if !ours || k != kindStreamKey && holders[k] == nil {
		return nil, notFound(arn)
	}
	if (k == kindChannel || k == kindStreamKey) && a.settings.Load().byID[id] != nil {
		return nil, fixedFault(arn)
	}
	entry := entryKey(k, id)
	if k == kindStreamKey {
		owner, err := a.keyOwner(ctx, arn)
		if err != nil {
			return nil, err
		}
		entry = entryKey(kindChannel, owner.ID)
	}
	return &empty{}, a.change(ctx, func(d *draft) error {
		h, err := d.holder(k, entry, id)
		if err != nil {
			return err
		}
		if h == nil {
			return notFound(arn)
		}
		tags := h.tags()
		if *tags == nil {
			*tags = map[string]string{}
		}
		if err := alter(*tags); err != nil {
			return err
		}
		return d.put(entry, h)
	})
}

// holder reads the record whose tags are those of a kind's resource; nil where it is gone.
func (d *draft) holder(k kind, entry, id string) (tagHolder, error) {
	var h tagHolder
	if k == kindStreamKey {
		h = &keyHolder{&channelRecord{}}
	} else {
		h = holders[k]()
	}
	found, err := d.get(entry, h)
	if key, ok := h.(*keyHolder); ok && found && (key.Key == nil || key.Key.ID != id) {
		found = false
	}
	if err != nil || !found {
		return nil, err
	}
	return h, nil
}
