package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"ladderd/control/iam"
	"ladderd/control/sigv4"
)

const (
	// bodyMost is more than any request of the model takes, in bytes: 50 tags of 128 and 256
	// characters have 225 KiB where each character is two escapes (\ud840\udc00), as Python
	// writes them.
	bodyMost = 256 << 10
	// patience is how long a request may take, whatever the store does.
	patience = 10 * time.Second
)

// call is a request that is being answered.
type call struct {
	id       string // of the request
	at       time.Time
	http     *http.Request
	op       *operation
	key      AccessKey // whose it is; zero where it was not let in
	request  any       // nil where it could not be read
	answered any       // nil after a fault

	service *service    // that it is for; nil for IVS
	asked   ServiceCall // with that
}

// ServeHTTP answers a request. Each that is for an operation is in the audit log before its
// answer is sent.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.requests.begin() {
		tellFault(w, fault(codeUnavailable, "the server is being stopped"))
		return
	}
	defer a.requests.end()
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	defer context.AfterFunc(a.requests.life, done)()
	c := &call{id: uuid.NewString(), at: a.now(), http: r.WithContext(ctx)}
	err := a.guarded(c)
	var f *Fault
	if err != nil {
		f = asFault(err)
	}
	a.tally.count(f)
	if f != nil && f.Status >= http.StatusInternalServerError && r.Context().Err() == nil { // the caller is there still
		a.log.Error("an API request was not carried out", "operation", c.operation(), "request", c.id, "reason", err)
	}
	a.record(c, f)
	w.Header().Set("X-Amzn-RequestId", c.id)
	c.tell(w, f)
}

// tell sends the answer, or where there is a fault that.
func (c *call) tell(w http.ResponseWriter, f *Fault) {
	switch {
	case c.asked != nil && f != nil:
		c.asked.Refuse(w, c.id, f)
	case c.asked != nil:
		c.asked.Answer(w, c.id)
	case f != nil:
		tellFault(w, f)
	default:
		tell(w, c.op.status, c.answered)
	}
}

func (c *call) operation() string {
	if c.op == nil {
		return ""
	}
	return c.op.name
}

// guarded keeps what a request may have found wrong in here from ending the connection
// without an answer.
func (a *API) guarded(c *call) (err error) {
	defer func() {
		if p := recover(); p != nil {
			a.log.Error("panic in an API request", "operation", c.operation(), "panic", p, "stack", string(debug.Stack()))
			err = fault(codeInternal, "internal error")
		}
	}()
	return a.answer(c)
}

// answer is the way of a request: who calls, what they ask, whether they may, and then it is
// done.
func (a *API) answer(c *call) (err error) {
	if c.op = route(c.http); c.op == nil {
		body, err := a.elsewhere(c)
		if err != nil {
			return err
		}
		return a.serve(c, body)
	}
	body, err := read(c.http, bodyMost)
	if err != nil {
		return err
	}
	if err := a.identify(c, a.verifier, body); err != nil {
		return err
	}
	if c.request, err = c.op.decode(c.http, body); err != nil {
		return err
	}
	if err := a.permit(c); err != nil {
		return err
	}
	if err := a.allow(c); err != nil {
		return err
	}
	c.answered, err = c.op.do.answer(a, c.http.Context(), c.request)
	return err
}

// allow takes the call's place in its rate.
func (a *API) allow(c *call) error {
	if !a.limits.allow(c.op, c.request, a.settings.Load().CallRate, a.now()) {
		return fault(codeThrottled, "the call rate of %s is exceeded", c.op.name)
	}
	return nil
}

func read(r *http.Request, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, fault(codeValidation, "the request's body could not be read")
	}
	if int64(len(body)) > most {
		return nil, fault(codeValidation, "the request's body has more than %d bytes", most)
	}
	return body, nil
}

// identify finds out who calls.
func (a *API) identify(c *call, v *sigv4.Verifier, body []byte) error {
	key, err := v.Verify(c.http, body)
	if err != nil {
		var refusal *sigv4.Refusal
		if errors.As(err, &refusal) {
			return &Fault{Code: refusal.Code, Status: refusal.Status(), Message: refusal.Reason}
		}
		return err
	}
	known, ok := a.settings.Load().keys[key.ID]
	if !ok { // the settings have changed since
		return &Fault{Code: "UnrecognizedClientException", Status: http.StatusForbidden, Message: "The security token included in the request is invalid."}
	}
	c.key = known
	return nil
}

// permit asks the caller's policy, for each resource by itself.
func (a *API) permit(c *call) error {
	action := c.op.action()
	for _, resource := range c.op.about(a.arns, c.request) {
		context, err := a.conditions(c, resource)
		if err != nil {
			return err
		}
		decision := c.key.Policy.Decide(iam.Request{Action: action, Resources: []string{resource}, Context: context})
		if decision == iam.Allowed {
			continue
		}
		why := "because no identity-based policy allows the " + action + " action"
		if decision == iam.Forbidden {
			why = "with an explicit deny in an identity-based policy"
		}
		return fault(codeAccessDenied, "User: %s is not authorized to perform: %s on resource: %s %s",
			a.userARN(c.key.User), action, resource, why)
	}
	return nil
}

func (a *API) userARN(user string) string {
	return "arn:aws:iam::" + a.arns.account + ":user/" + user
}

// tell sends an answer.
func tell(w http.ResponseWriter, status int, answer any) {
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(answer) // our own shapes encode; who asked may have gone
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// tellFault sends an error as all SDKs read it: its type in a header, its words under the
// model's name and under the one that the AWS CLI shows.
func tellFault(w http.ResponseWriter, f *Fault) {
	w.Header().Set("X-Amzn-ErrorType", f.Code)
	tell(w, f.Status, struct {
		Exception string `json:"exceptionMessage"`
		Message   string `json:"message"`
	}{f.Message, f.Message})
}
