package load

import (
	"errors"
	"fmt"
	"strings"

	"ladderd/load/wire"
	"ladderd/m3u8"
)

// choice is a variant that a viewer may watch.
type choice struct {
	name      string
	bandwidth int64
	target    wire.Target
}

var errNoVariant = errors.New("the multivariant playlist lists no variant")

// choicesOf are the variants of a multivariant playlist; a media playlist is the only
// one of itself.
func choicesOf(r wire.Reply, at wire.Target) ([]choice, error) {
	body := r.Body
	if r.Gzip {
		plain, err := unzip(body)
		if err != nil {
			return nil, err
		}
		body = plain
	}
	if !m3u8.IsMultivariant(body) {
		if _, err := m3u8.ParseMedia(body); err != nil {
			return nil, fmt.Errorf("%w: %w", errPlaylist, err)
		}
		return []choice{{name: at.Name, target: at}}, nil
	}
	m, err := m3u8.ParseMultivariant(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPlaylist, err)
	}
	if len(m.Variants) == 0 {
		return nil, errNoVariant
	}
	var all []choice
	for i := range m.Variants {
		v := &m.Variants[i]
		t, err := at.Resolve(v.URI)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errPlaylist, err)
		}
		all = append(all, choice{m.NameOf(v), v.Bandwidth, t})
	}
	return all, nil
}

// choose is the variant of a viewer by its number.
func (o *Options) choose(all []choice, number int) (choice, error) {
	if o.Spread {
		return all[number%len(all)], nil
	}
	best := all[0]
	var names []string
	for _, c := range all {
		if c.name == o.Variant {
			return c, nil
		}
		if c.bandwidth > best.bandwidth {
			best = c
		}
		names = append(names, c.name)
	}
	if o.Variant != "" {
		return choice{}, fmt.Errorf("no variant is called %q; there are %s", o.Variant, strings.Join(names, ", "))
	}
	return best, nil
}
