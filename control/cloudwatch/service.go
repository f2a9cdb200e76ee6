package cloudwatch

import (
	"context"
	"net/http"
	"time"

	"ladderd/control/metrics"
)

// Source is where metrics come from. Its methods may be called from any goroutine.
type Source interface {
	// List are the series that the filter wants and that have had data since then.
	List(ctx context.Context, f metrics.Filter, since time.Time) ([]metrics.Series, error)
	// Read are a series' points that begin within [from, to), one for each period in which
	// something was measured, in order. period is 1, 5, 10 or 30 s, or minutes.
	Read(ctx context.Context, s metrics.Series, from, to time.Time, period time.Duration) ([]metrics.Point, error)
}

// Service answers. Its methods may be called from any goroutine.
type Service struct {
	source Source
	now    func() time.Time
}

// New makes one. A now of nil is time.Now.
func New(source Source, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{source, now}
}

// Call is a request that is for CloudWatch.
type Call struct {
	service  *Service
	protocol protocol
	name     string // of the operation, as it was asked for
	op       *operation
	body     []byte
	request  tree
	answered tree
}

// Call is r where that is a request for CloudWatch, and nil where it is not. body is all of its
// body.
func (s *Service) Call(r *http.Request, body []byte) *Call {
	for _, p := range protocols {
		if name, ours := p.operation(r, body); ours {
			return &Call{service: s, protocol: p, name: name, op: operations[name], body: body}
		}
	}
	return nil
}

// Operation is the name of what is asked for.
func (c *Call) Operation() string { return c.name }

// Parameters is what was asked, once it was read: for a log.
func (c *Call) Parameters() map[string]any { return c.request }

// Do reads the request and carries it out. The error is a *Fault, or the source's own.
func (c *Call) Do(ctx context.Context) error {
	if c.op == nil {
		return faultOf(errUnknownOperation, "there is no operation %s here; ladderd answers GetMetricData, GetMetricStatistics and ListMetrics", c.name)
	}
	var err error
	if c.request, err = c.protocol.read(c.body); err != nil {
		return faultOf(errMalformed, "the request could not be read: %v", err)
	}
	c.answered, err = c.op.do(c.service, ctx, c.request)
	return err
}

// Answer sends the answer to what has been done.
func (c *Call) Answer(w http.ResponseWriter, requestID string) {
	c.protocol.answer(c.name, requestID, c.answered).send(w)
}

// Refuse sends why it was not.
func (c *Call) Refuse(w http.ResponseWriter, requestID string, why error) {
	c.protocol.refuse(requestID, asFault(why)).send(w)
}

// answer is what is sent.
type answer struct {
	status int
	header map[string]string
	body   []byte
}

func (a answer) send(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // who asked may have gone
}
