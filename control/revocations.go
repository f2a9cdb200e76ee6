package control

import (
	"context"
	"fmt"
)

type revokeRequest struct{ viewerSession }

func (r revokeRequest) resources(arns) []string { return []string{string(r.viewerSession.Channel)} }

func (a *API) revoke(ctx context.Context, in *revokeRequest) (*empty, error) {
	return &empty{}, a.revokeOne(ctx, in.viewerSession)
}

// revokeOne ends a viewer's sessions up to a version. One that was revoked up to a later
// version stays so.
func (a *API) revokeOne(ctx context.Context, v viewerSession) error {
	c, err := a.findChannel(ctx, string(v.Channel))
	if err != nil {
		return err
	}
	key := revocationKey(c.ID, string(v.Viewer))
	return a.change(ctx, func(d *draft) error {
		var r revocationRecord
		if _, err := d.get(key, &r); err != nil {
			return err
		}
		return d.put(key, revocationRecord{At: a.now(), Version: max(r.Version, int(v.Version))})
	})
}

type batchRevokeRequest struct {
	Sessions viewerSessions `json:"viewerSessions" required:"true"`
}

func (r batchRevokeRequest) resources(arns) []string {
	list := make([]string, len(r.Sessions))
	for i, s := range r.Sessions {
		list[i] = string(s.Channel)
	}
	return unique(list)
}

type batchRevokeResponse struct {
	Errors []viewerSessionError `json:"errors"`
}

func (a *API) batchRevoke(ctx context.Context, in *batchRevokeRequest) (*batchRevokeResponse, error) {
	out := &batchRevokeResponse{Errors: []viewerSessionError{}}
	for _, s := range in.Sessions {
		err := a.revokeOne(ctx, s)
		if err == nil {
			continue
		}
		f, mine := oneOfBatch(err)
		if !mine {
			return nil, fmt.Errorf("revoke a viewer's sessions: %w", err)
		}
		out.Errors = append(out.Errors, viewerSessionError{string(s.Channel), string(s.Viewer), f.Code, f.Message})
	}
	return out, nil
}
