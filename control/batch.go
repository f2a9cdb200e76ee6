package control

import (
	"errors"
	"net/http"
)

// oneOfBatch says whether an error concerns one of a batch alone, and not the server.
func oneOfBatch(err error) (*Fault, bool) {
	var f *Fault
	return f, errors.As(err, &f) && f.Status < http.StatusInternalServerError
}

// findEach finds what each ARN names, once. What is wrong with one of them is told of that one.
func findEach[R any](arns []string, find func(arn string) (R, error)) (found []R, wrong []batchError, err error) {
	found, wrong = []R{}, []batchError{}
	for _, arn := range unique(arns) {
		r, err := find(arn)
		if err == nil {
			found = append(found, r)
			continue
		}
		f, mine := oneOfBatch(err)
		if !mine {
			return nil, nil, err
		}
		wrong = append(wrong, batchError{arn, f.Code, f.Message})
	}
	return found, wrong, nil
}
