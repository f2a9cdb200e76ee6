package control

import (
	"context"
	"encoding/json"
	"fmt"
)

// delete deletes a resource that no channel uses.
func (a *API) delete(ctx context.Context, k kind, arn string) error {
	id, ours := a.arns.id(k, arn)
	if !ours {
		return notFound(arn)
	}
	return a.change(ctx, func(d *draft) error {
		var record json.RawMessage
		found, err := d.get(entryKey(k, id), &record)
		if err != nil {
			return err
		}
		if !found {
			return notFound(arn)
		}
		uses, err := a.store.List(ctx, usesOf(k, id), "", 1)
		if err != nil {
			return fmt.Errorf("list what uses %s: %w", arn, err)
		}
		if len(uses.Entries) > 0 {
			channel := uses.Entries[0].Key[len(usesOf(k, id)):]
			return fault(codeConflict, "%s is in use by %s", arn, a.arns.of(kindChannel, channel))
		}
		if err := d.count(k, -1, 0, ""); err != nil {
			return err
		}
		d.delete(entryKey(k, id))
		return nil
	})
}
