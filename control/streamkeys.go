package control

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"ladderd/store"
)

// newKey makes a stream key for a channel. Its last part has 130 random bits.
func (a *API) newKey(channel string, tags map[string]string) *keyRecord {
	return &keyRecord{ID: newID(), Value: "sk_" + a.arns.region + "_" + channel + "_" + rand.Text(), Tags: tags}
}

func (a *API) streamKey(c *channelRecord) streamKey {
	return streamKey{
		ARN: a.arns.of(kindStreamKey, c.Key.ID), Channel: a.arns.of(kindChannel, c.ID),
		Value: secret(c.Key.Value), Tags: shown(c.Key.Tags),
	}
}

type createStreamKeyRequest struct {
	Channel channelARN `json:"channelArn" required:"true"`
	withTags
}

func (r createStreamKeyRequest) resources(a arns) []string { return []string{a.each(kindStreamKey)} }

type streamKeyResponse struct {
	Key streamKey `json:"streamKey"`
}

func (a *API) createStreamKey(ctx context.Context, in *createStreamKeyRequest) (*streamKeyResponse, error) {
	c, err := a.changeChannel(ctx, string(in.Channel), func(d *draft, c *channelRecord) error {
		if c.Key != nil {
			return fault(codeQuota, "%s has a stream key, and a channel has one at most: delete it first", in.Channel)
		}
		c.Key = a.newKey(c.ID, in.tagged())
		if err := d.put(entryKey(kindStreamKey, c.Key.ID), keyIndex{c.ID}); err != nil {
			return err
		}
		return d.put(entryKey(kindChannel, c.ID), c)
	})
	if err != nil {
		return nil, err
	}
	return &streamKeyResponse{a.streamKey(c)}, nil
}

type byKeyARN struct {
	ARN streamKeyARN `json:"arn" required:"true"`
}

func (r byKeyARN) resources(arns) []string { return []string{string(r.ARN)} }

// deleteStreamKey keeps everybody from publishing with it from now on. Who publishes goes on.
func (a *API) deleteStreamKey(ctx context.Context, in *byKeyARN) (*empty, error) {
	owner, err := a.keyOwner(ctx, string(in.ARN))
	if err != nil {
		return nil, err
	}
	_, err = a.changeChannel(ctx, a.arns.of(kindChannel, owner.ID), func(d *draft, c *channelRecord) error {
		if c.Key == nil || c.Key.ID != owner.Key.ID {
			return notFound(string(in.ARN))
		}
		d.delete(entryKey(kindStreamKey, c.Key.ID))
		c.Key = nil
		return d.put(entryKey(kindChannel, c.ID), c)
	})
	return nil, err
}

func (a *API) getStreamKey(ctx context.Context, in *byKeyARN) (*streamKeyResponse, error) {
	c, err := a.keyOwner(ctx, string(in.ARN))
	if err != nil {
		return nil, err
	}
	return &streamKeyResponse{a.streamKey(c)}, nil
}

// keyOwner is the channel whose key has the ARN. It has a key.
func (a *API) keyOwner(ctx context.Context, arn string) (*channelRecord, error) {
	id, ours := a.arns.id(kindStreamKey, arn)
	if !ours {
		return nil, notFound(arn)
	}
	if fixed := a.settings.Load().byID[id]; fixed != nil {
		return fixed, nil
	}
	entry, err := a.store.Get(ctx, entryKey(kindStreamKey, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound(arn)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", arn, err)
	}
	var index keyIndex
	if err := json.Unmarshal(entry.Value, &index); err != nil {
		return nil, fmt.Errorf("read %s: %w", arn, err)
	}
	var c channelRecord
	if err := a.load(ctx, kindChannel, a.arns.of(kindChannel, index.Channel), &c); err != nil {
		return nil, notFoundAs(arn, err)
	}
	if c.Key == nil || c.Key.ID != id { // it was deleted in between
		return nil, notFound(arn)
	}
	return &c, nil
}

// notFoundAs names what was asked for where what it belongs to is gone.
func notFoundAs(arn string, err error) error {
	if f, mine := oneOfBatch(err); mine && f.Code == codeNotFound {
		return notFound(arn)
	}
	return err
}

type batchGetStreamKeyRequest struct {
	ARNs streamKeyARNs `json:"arns" required:"true"`
}

func (r batchGetStreamKeyRequest) resources(arns) []string { return texts(r.ARNs) }

type batchGetStreamKeyResponse struct {
	Keys   []streamKey  `json:"streamKeys"`
	Errors []batchError `json:"errors"`
}

func (a *API) batchGetStreamKey(ctx context.Context, in *batchGetStreamKeyRequest) (*batchGetStreamKeyResponse, error) {
	keys, wrong, err := findEach(texts(in.ARNs), func(arn string) (streamKey, error) {
		c, err := a.keyOwner(ctx, arn)
		if err != nil {
			return streamKey{}, err
		}
		return a.streamKey(c), nil
	})
	return &batchGetStreamKeyResponse{keys, wrong}, err
}

type listStreamKeysRequest struct {
	Channel channelARN `json:"channelArn" required:"true"`
	Token   *pageToken `json:"nextToken"`
	Max     *pageOf50  `json:"maxResults"`
}

func (r listStreamKeysRequest) resources(arns) []string { return []string{string(r.Channel)} }

type listStreamKeysResponse struct {
	Keys []streamKeySummary `json:"streamKeys"`
	further
}

// listStreamKeys has one result at most, so that no page has another behind it.
func (a *API) listStreamKeys(ctx context.Context, in *listStreamKeysRequest) (*listStreamKeysResponse, error) {
	if _, err := after(string(kindStreamKey), in.Token); err != nil {
		return nil, err
	}
	c, err := a.findChannel(ctx, string(in.Channel))
	if err != nil {
		return nil, err
	}
	out := &listStreamKeysResponse{Keys: []streamKeySummary{}}
	if c.Key != nil {
		k := a.streamKey(c)
		out.Keys = append(out.Keys, streamKeySummary{k.ARN, k.Channel, k.Tags})
	}
	return out, nil
}
