package control

import (
	"errors"
	"fmt"
	"net/http"
)

// Fault is an error as the API tells it: the AWS model's errors, and those that all AWS
// services have.
type Fault struct {
	Code    string // the error's type
	Status  int    // HTTP
	Message string
}

func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Told are the error's type, its HTTP status, and its words.
func (f *Fault) Told() (code string, status int, message string) { return f.Code, f.Status, f.Message }

// statuses are the HTTP status of each error's type: the model's, then those of requests that
// are not let in.
var statuses = map[string]int{
	codeAccessDenied:    http.StatusForbidden,
	codeConflict:        http.StatusConflict,
	codeInternal:        http.StatusInternalServerError,
	codeNotBroadcasting: http.StatusNotFound,
	codeNotFound:        http.StatusNotFound,
	codeQuota:           http.StatusPaymentRequired,
	codeThrottled:       http.StatusTooManyRequests,
	codeStopping:        http.StatusServiceUnavailable,
	codeUnavailable:     http.StatusServiceUnavailable,
	codeValidation:      http.StatusBadRequest,

	codeUnknownOperation: http.StatusNotFound,
}

// Types of errors.
const (
	codeAccessDenied    = "AccessDeniedException"
	codeConflict        = "ConflictException"
	codeInternal        = "InternalServerException"
	codeNotBroadcasting = "ChannelNotBroadcasting"
	codeNotFound        = "ResourceNotFoundException"
	codeQuota           = "ServiceQuotaExceededException"
	codeStopping        = "StreamUnavailable"
	codeThrottled       = "ThrottlingException"
	codeUnavailable     = "ServiceUnavailable"
	codeValidation      = "ValidationException"

	codeUnknownOperation = "UnknownOperationException"
)

func fault(code, format string, about ...any) *Fault {
	return &Fault{Code: code, Status: statuses[code], Message: fmt.Sprintf(format, about...)}
}

// notFound is for what there is not, or is not ours.
func notFound(arn string) *Fault { return fault(codeNotFound, "Resource: %s not found", arn) }

// asFault is what callers are told of an error. What is not a Fault is the server's own: its
// words are for the log.
func asFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	var told Told // by a service
	if errors.As(err, &told) {
		code, status, message := told.Told()
		return &Fault{code, status, message}
	}
	return fault(codeInternal, "the request was not carried out, or may not have been: the server's log says why")
}
