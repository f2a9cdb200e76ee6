package main

import (
	"net/http"

	"ladderd/control"
	"ladderd/control/cloudwatch"
)

// services are the other services of AWS that are called at the API's address.
func (m *measuring) services() []control.Service {
	return []control.Service{cloudWatch(m.store)}
}

// cloudWatch has metrics read as stock tools do it.
func cloudWatch(source cloudwatch.Source) control.Service {
	s := cloudwatch.New(source, nil)
	return control.Service{
		Prefix: "cloudwatch", Signed: "monitoring", Reads: cloudwatch.Rates(),
		Call: func(r *http.Request, body []byte) control.ServiceCall {
			if c := s.Call(r, body); c != nil {
				return c
			}
			return nil
		},
	}
}
