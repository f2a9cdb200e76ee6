package gpu

import (
	"context"
	"errors"

	"ladderd/pipeline"
)

// Again finds out whether a device that has failed works again, by one thing that it was
// seen to do: encoding, else scaling. The error says in an operator's words why it does not.
func (p Prover) Again(ctx context.Context, proof Proof) error {
	d := proof.Device
	for _, a := range attempts(d) {
		r := result(a.trial)
		if !proof.Find(r).Works() || r.Task != pipeline.Encode && encodes(proof) || r.Task == pipeline.Decode {
			continue
		}
		p.try(ctx, d, a.trial, nil, &r)
		if !r.Works() {
			return errors.New(r.Why)
		}
		return nil
	}
	return errors.New(notTried)
}
