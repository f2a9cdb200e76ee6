package load

import (
	"errors"
	"fmt"

	"ladderd/load/wire"
)

// maxRedirects is how many a viewer follows for one request.
const maxRedirects = 5

var errRedirects = fmt.Errorf("more than %d redirects", maxRedirects)

var errNowhere = errors.New("a redirect that leads nowhere")

// get asks, and follows redirects. at is where the answer came from: what the URIs
// in a playlist are relative to. Each answer counts as a request.
func (v *viewer) get(c client, t wire.Target, keepBody bool) (r wire.Reply, at wire.Target, err error) {
	for range maxRedirects + 1 {
		if r, err = c.Get(t, keepBody, patience); err != nil {
			return r, t, err
		}
		v.run.received(r)
		if r.Location == "" {
			return r, t, statusError(r)
		}
		next, err := t.Resolve(r.Location)
		if err != nil {
			return r, t, fmt.Errorf("%w: %w", errNowhere, err)
		}
		next.Range = t.Range
		t = next
	}
	return r, t, errRedirects
}
