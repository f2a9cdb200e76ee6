package control

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"ladderd/store"
)

// paged is a request for a page of at most 100 results.
type paged struct {
	Token *pageToken `json:"nextToken"`
	Max   *pageOf100 `json:"maxResults"`
}

// most is how many the page may have, where fewer are usual.
func (p paged) most(usual int) int {
	if p.Max == nil {
		return usual
	}
	return int(*p.Max)
}

// further is in the answer where there are more.
type further struct {
	Next string `json:"nextToken,omitempty"`
}

// pageMost is the usual length of a page.
const pageMost = 100

// tokenAfter says where a page ended. It names the list, so that no other one takes it.
func tokenAfter(list, last string) string {
	return base64.URLEncoding.EncodeToString([]byte(list + "\n" + last))
}

// after reads a token; without one the list begins.
func after(list string, token *pageToken) (string, error) {
	if token == nil || *token == "" {
		return "", nil
	}
	text, err := base64.URLEncoding.DecodeString(string(*token))
	name, last, whole := strings.Cut(string(text), "\n")
	if err != nil || !whole || name != list {
		return "", fault(codeValidation, "nextToken is not one that this list has given")
	}
	return last, nil
}

// cut ends a list that was read one too far at the page's length, and says where it ended.
func cut[R any](list string, results []R, most int, idOf func(R) string) ([]R, further) {
	if len(results) <= most {
		return results, further{}
	}
	return results[:most], further{tokenAfter(list, idOf(results[most-1]))}
}

// walk reads the records of a kind behind an id, in the order of their ids, until yield has
// enough.
func walk[R any](ctx context.Context, s store.Store, k kind, after string, yield func(*R) bool) error {
	prefix := string(k) + "/"
	from := ""
	if after != "" {
		from = prefix + after
	}
	for {
		page, err := s.List(ctx, prefix, from, 2*pageMost)
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		for _, e := range page.Entries {
			r := new(R)
			if err := json.Unmarshal(e.Value, r); err != nil {
				return fmt.Errorf("read %s: %w", e.Key, err)
			}
			if !yield(r) {
				return nil
			}
		}
		if !page.More {
			return nil
		}
		from = page.Entries[len(page.Entries)-1].Key
	}
}

// listOf is a page of a kind's records, one more than most where there are more.
func listOf[R any](ctx context.Context, a *API, k kind, p paged, most int) ([]*R, error) {
	from, err := after(string(k), p.Token)
	if err != nil {
		return nil, err
	}
	var records []*R
	err = walk(ctx, a.store, k, from, func(r *R) bool {
		records = append(records, r)
		return len(records) <= most
	})
	return records, err
}

type listChannelsRequest struct {
	paged
	Name      *channelName      `json:"filterByName"`
	Recording *channelRecording `json:"filterByRecordingConfigurationArn"`
	Policy    *channelPolicy    `json:"filterByPlaybackRestrictionPolicyArn"`
	Ads       *channelAds       `json:"filterByAdConfigurationArn"`
}

type listChannelsResponse struct {
	Channels []channelSummary `json:"channels"`
	further
}

func (a *API) listChannels(ctx context.Context, in *listChannelsRequest) (*listChannelsResponse, error) {
	wanted, err := a.channelFilter(in)
	if err != nil {
		return nil, err
	}
	from, err := after(string(kindChannel), in.Token)
	if err != nil {
		return nil, err
	}
	most := in.most(pageMost)
	var found []*channelRecord
	err = a.walkChannels(ctx, from, func(c *channelRecord) bool {
		if wanted(c) {
			found = append(found, c)
		}
		return len(found) <= most
	})
	if err != nil {
		return nil, err
	}
	found, more := cut(string(kindChannel), found, most, func(c *channelRecord) string { return c.ID })
	out := &listChannelsResponse{Channels: make([]channelSummary, len(found)), further: more}
	for i, c := range found {
		out.Channels[i] = a.channelSummary(c)
	}
	return out, nil
}

// channelFilter is what the request wants. It may want one thing only.
func (a *API) channelFilter(in *listChannelsRequest) (func(*channelRecord) bool, error) {
	var filters []func(*channelRecord) bool
	if n := in.Name; n != nil {
		filters = append(filters, func(c *channelRecord) bool { return c.Name == string(*n) })
	}
	if arn := in.Recording; arn != nil {
		filters = append(filters, func(c *channelRecord) bool { return a.maybe(kindRecording, c.Recording) == string(*arn) })
	}
	if arn := in.Policy; arn != nil {
		filters = append(filters, func(c *channelRecord) bool { return a.maybe(kindPolicy, c.Policy) == string(*arn) })
	}
	if arn := in.Ads; arn != nil {
		filters = append(filters, func(*channelRecord) bool { return *arn == "" }) // none has any
	}
	switch len(filters) {
	case 0:
		return func(*channelRecord) bool { return true }, nil
	case 1:
		return filters[0], nil
	}
	return nil, fault(codeConflict, "the filters of channels are mutually exclusive")
}

// walkChannels reads channels of the file and of the store, in the order of their ids. Where
// both have one, the file's counts.
func (a *API) walkChannels(ctx context.Context, after string, yield func(*channelRecord) bool) error {
	now := a.settings.Load()
	fixed := now.inOrder
	for len(fixed) > 0 && after != "" && fixed[0].ID <= after {
		fixed = fixed[1:]
	}
	going := true
	err := walk(ctx, a.store, kindChannel, after, func(c *channelRecord) bool {
		for going && len(fixed) > 0 && fixed[0].ID < c.ID {
			going, fixed = yield(fixed[0]), fixed[1:]
		}
		if going && now.byID[c.ID] == nil {
			going = yield(c)
		}
		return going
	})
	for ; err == nil && going && len(fixed) > 0; fixed = fixed[1:] {
		going = yield(fixed[0])
	}
	return err
}

func (a *API) channelSummary(c *channelRecord) channelSummary {
	return channelSummary{
		ARN: a.arns.of(kindChannel, c.ID), Name: c.Name, LatencyMode: c.Latency, Authorized: c.Authorized,
		Recording: a.maybe(kindRecording, c.Recording), Tags: shown(c.Tags), InsecureIngest: c.Insecure,
		Type: c.Type, Preset: c.Preset, RestrictionPolicy: a.maybe(kindPolicy, c.Policy),
	}
}
