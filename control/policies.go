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
	if w.Countries != nil {
		p.Countries = texts(*w.Countries)
		if len(p.Countries) > quotas.Countries {
			return fault(codeQuota, "the quota of countries in a policy is %d", quotas.Countries)
		}
		for _, c := range p.Countries {
			if !isCountry(c) {
				return fault(codeValidation, "allowedCountries: %q is not an ISO 3166-1 alpha-2 code", c)
			}
		}
	}
	if w.Origins != nil {
		p.Origins = texts(*w.Origins)
		if len(p.Origins) > quotas.Origins {
			return fault(codeQuota, "the quota of origins in a policy is %d", quotas.Origins)
		}
		for _, o := range p.Origins {
			if !isOrigin(o) {
				return fault(codeValidation, "allowedOrigins: %q is not an origin, as \"https://example.com\" is", o)
			}
		}
	}
	if w.Strict != nil {
		p.Strict = *w.Strict
	}
	set(&p.Name, w.Name)
	return nil
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
