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
