package control

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"ladderd/control/sigv4"
)

// Service is another service of AWS that is called at the API's address. Who calls, whether they
// may, how often, and the audit log are the API's matter; what is asked and answered, and in
// which form, is the service's.
type Service struct {
	Prefix string         // of its actions in policies: "cloudwatch"
	Signed string         // what its requests are signed for: "monitoring"
	Reads  map[string]int // its operations, none of which changes anything, and their calls per second
	// Call is what a request asks of it; nil where the request is for another service. body is all
	// of the request's.
	Call func(r *http.Request, body []byte) ServiceCall
}

// ServiceCall is a request for a service.
type ServiceCall interface {
	// Operation is what it asks for, be there such an operation or not.
	Operation() string
	// Do carries it out. The caller is told an error that is Told, and no other's words.
	Do(context.Context) error
	// Parameters is what was asked, once it is done: for the audit log.
	Parameters() map[string]any
	// Answer sends what was done.
	Answer(w http.ResponseWriter, request string)
	// Refuse sends why it was not, which is Told.
	Refuse(w http.ResponseWriter, request string, why error)
}

// Told is an error that callers are told. A service has its own, and gets the API's.
type Told interface {
	error
	// Told are the error's type, its HTTP status, and its words.
	Told() (code string, status int, message string)
}

// serviceBodyMost is more than 500 queries of GetMetricData take in a form, in bytes.
const serviceBodyMost = 512 << 10

// service is a Service with what the API has for it.
type service struct {
	Service
	operations map[string]*operation
	verifier   *sigv4.Verifier
}

// serving are the services with what the API has for them. They change nothing, so that all
// requests may repeat.
func (a *API) serving(given []Service) []*service {
	all := make([]*service, len(given))
	for i, s := range given {
		verifying := a.verifying(s.Signed, nil)
		verifying.Unmarked = true
		all[i] = &service{Service: s, operations: make(map[string]*operation, len(s.Reads)), verifier: sigv4.New(verifying)}
		for name, rate := range s.Reads {
			all[i].operations[name] = &operation{name: name, prefix: s.Prefix, source: s.Signed, reads: true, rate: rate, status: http.StatusOK}
		}
	}
	return all
}

// elsewhere finds out whose a request is that is none of IVS.
func (a *API) elsewhere(c *call) ([]byte, error) {
	unknown := fault(codeUnknownOperation, "there is no operation for %s %s", c.http.Method, c.http.URL.Path)
	if len(a.services) == 0 || c.http.Method != http.MethodPost {
		return nil, unknown
	}
	most := int64(bodyMost)
	if _, known := a.settings.Load().keys[sigv4.Claimed(c.http)]; known { // else whoever comes could have us hold much
		most = serviceBodyMost
	}
	body, err := read(c.http, most)
	if err != nil {
		return nil, err
	}
	for _, s := range a.services {
		if c.asked = s.Call(c.http, body); c.asked != nil {
			if c.service, c.op = s, s.operations[c.asked.Operation()]; c.op == nil {
				return nil, fault(codeUnknownOperation, "The operation %q of %s is not one that there is here: these are %s.",
					c.asked.Operation(), s.Prefix, strings.Join(slices.Sorted(maps.Keys(s.Reads)), ", "))
			}
			return body, nil
		}
	}
	return nil, unknown
}

// serve is the way of a request for another service.
func (a *API) serve(c *call, body []byte) error {
	if err := a.identify(c, c.service.verifier, body); err != nil {
		return err
	}
	if err := a.permit(c); err != nil {
		return err
	}
	if err := a.allow(c); err != nil {
		return err
	}
	return c.asked.Do(c.http.Context())
}

// everything is what services' operations are about, which know no resources.
const everything = "*"
