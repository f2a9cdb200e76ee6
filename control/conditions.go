package control

import (
	"fmt"
	"strconv"
	"time"
)

// Requests that tag what they are about; policies may ask for the tags.
type tagging interface {
	tagged() map[string]string
}

// Requests that take tags away.
type untagging interface {
	untagged() []string
}

// conditions is what a policy may ask about a request, by condition key in lower case (guide,
// lines 8429 and 8448). Nothing is decided without a resource's tags where they could not be
// read: a denial may depend on them.
func (a *API) conditions(c *call, resource string) (map[string][]string, error) {
	tags, err := a.tagsOf(c.http.Context(), resource)
	if err != nil {
		return nil, fmt.Errorf("read the tags that a policy may ask for: %w", err)
	}
	m := map[string][]string{
		"aws:username":        {c.key.User},
		"aws:principalarn":    {a.userARN(c.key.User)},
		"aws:sourceip":        {sourceOf(c.http)},
		"aws:securetransport": {strconv.FormatBool(c.http.TLS != nil)},
		"aws:currenttime":     {c.at.UTC().Format(time.RFC3339)},
	}
	for key, value := range tags {
		add(m, "aws:resourcetag/"+key, value)
	}
	switch request := c.request.(type) {
	case tagging:
		for key, value := range request.tagged() {
			add(m, "aws:requesttag/"+key, value)
			add(m, "aws:tagkeys", key)
		}
	case untagging:
		m["aws:tagkeys"] = request.untagged()
	}
	return m, nil
}

func add(m map[string][]string, key, value string) { m[key] = append(m[key], value) }
