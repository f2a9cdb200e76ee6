package control

import (
	"context"
	"net/url"
	"strings"
)

// policyWishes are the properties of a playback restriction policy that callers choose.
type policyWishes struct {
	Countries *[]country  `json:"allowedCountries"`
	Origins   *[]origin   `json:"allowedOrigins"`
	Strict    *bool       `json:"enableStrictOriginEnforcement"`
	Name      *policyName `json:"name"`
}

type createPolicyRequest struct {
	policyWishes
	withTags
}

type policyResponse struct {
	Policy restrictionPolicy `json:"playbackRestrictionPolicy"`
}

func (a *API) createPolicy(ctx context.Context, in *createPolicyRequest) (*policyResponse, error) {
	p := &policyRecord{ID: newID(), Created: a.now(), Tags: in.tagged()}
	if err := a.wishPolicy(p, &in.policyWishes); err != nil {
		return nil, err
	}
	err := a.change(ctx, func(d *draft) error {
		if err := d.count(kindPolicy, 1, a.settings.Load().Quotas.Policies, "playback restriction policies"); err != nil {
			return err
		}
		return d.put(entryKey(kindPolicy, p.ID), p)
	})
	if err != nil {
		return nil, err
	}
	return &policyResponse{a.policy(p)}, nil
}

// wishPolicy has the policy be as it is wished. What is not wished stays.
func (a *API) wishPolicy(p *policyRecord, w *policyWishes) error {
	quotas := a.settings.Load().Quotas
	var err error
	if w.Countries != nil {
		p.Countries, err = listed(*w.Countries, quotas.Countries, "allowedCountries", isCountry, "an ISO 3166-1 alpha-2 code")
	}
	if w.Origins != nil && err == nil {
		p.Origins, err = listed(*w.Origins, quotas.Origins, "allowedOrigins", isOrigin, `an origin, as "https://example.com" is`)
	}
	if err != nil {
		return err
	}
	if w.Strict != nil {
		p.Strict = *w.Strict
	}
	set(&p.Name, w.Name)
	return nil
}

// listed holds a list to its quota, and each of it to what it has to be.
func listed[T ~string](list []T, most int, field string, is func(string) bool, what string) ([]string, error) {
	if len(list) > most {
		return nil, fault(codeQuota, "%s has %d entries, and the quota is %d", field, len(list), most)
	}
	for _, t := range texts(list) {
		if !is(t) {
			return nil, fault(codeValidation, "%s: %q is not %s", field, t, what)
		}
	}
	return texts(list), nil
}

// isOrigin says whether a browser could send this in Origin.
func isOrigin(s string) bool {
	if s == "null" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && u.Scheme+"://"+u.Host == strings.ToLower(s)
}

type byPolicyARN struct {
	ARN policyARN `json:"arn" required:"true"`
}

func (r byPolicyARN) resources(arns) []string { return []string{string(r.ARN)} }

func (a *API) getPolicy(ctx context.Context, in *byPolicyARN) (*policyResponse, error) {
	var p policyRecord
	if err := a.load(ctx, kindPolicy, string(in.ARN), &p); err != nil {
		return nil, err
	}
	return &policyResponse{a.policy(&p)}, nil
}

type updatePolicyRequest struct {
	byPolicyARN
	policyWishes
}

func (a *API) updatePolicy(ctx context.Context, in *updatePolicyRequest) (*policyResponse, error) {
	id, ours := a.arns.id(kindPolicy, string(in.ARN))
	if !ours {
		return nil, notFound(string(in.ARN))
	}
	p := &policyRecord{}
	err := a.change(ctx, func(d *draft) error {
		*p = policyRecord{}
		found, err := d.get(entryKey(kindPolicy, id), p)
		if err != nil {
			return err
		}
		if !found {
			return notFound(string(in.ARN))
		}
		if err := a.wishPolicy(p, &in.policyWishes); err != nil {
			return err
		}
		return d.put(entryKey(kindPolicy, id), p)
	})
	if err != nil {
		return nil, err
	}
	return &policyResponse{a.policy(p)}, nil
}

func (a *API) deletePolicy(ctx context.Context, in *byPolicyARN) (*empty, error) {
	return nil, a.delete(ctx, kindPolicy, string(in.ARN))
}

type listPoliciesResponse struct {
	Policies []restrictionPolicy `json:"playbackRestrictionPolicies"`
	further
}

func (a *API) listPolicies(ctx context.Context, in *paged) (*listPoliciesResponse, error) {
	most := in.most(1) // the model's default
	records, err := listOf[policyRecord](ctx, a, kindPolicy, *in, most)
	if err != nil {
		return nil, err
	}
	records, more := cut(string(kindPolicy), records, most, func(r *policyRecord) string { return r.ID })
	out := &listPoliciesResponse{Policies: make([]restrictionPolicy, len(records)), further: more}
	for i, r := range records {
		out.Policies[i] = a.policy(r)
	}
	return out, nil
}

func (a *API) policy(p *policyRecord) restrictionPolicy {
	return restrictionPolicy{
		ARN: a.arns.of(kindPolicy, p.ID), Name: p.Name, Strict: p.Strict, Tags: shown(p.Tags),
		Countries: append([]string{}, p.Countries...), Origins: append([]string{}, p.Origins...),
	}
}
