package cloudwatch

import (
	"errors"
	"fmt"
	"net/http"
)

// Fault is an error as callers are told it.
type Fault struct {
	Code    string // of the query protocol: "InvalidParameterValue"
	Type    string // of the others: "InvalidParameterValueException"
	Status  int    // HTTP
	Message string
}

func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Told are the error's type, its HTTP status, and its words.
func (f *Fault) Told() (code string, status int, message string) { return f.Type, f.Status, f.Message }

// sender says that the caller is to blame.
func (f *Fault) sender() bool { return f.Status < http.StatusInternalServerError }

// Errors of CloudWatch's model. The two kinds of protocol call some by different names.
var (
	errMissing          = Fault{"MissingParameter", "MissingRequiredParameterException", 400, ""}
	errValue            = Fault{"InvalidParameterValue", "InvalidParameterValueException", 400, ""}
	errCombination      = Fault{"InvalidParameterCombination", "InvalidParameterCombinationException", 400, ""}
	errNextToken        = Fault{"InvalidNextToken", "InvalidNextToken", 400, ""}
	errValidation       = Fault{"ValidationError", "ValidationError", 400, ""}
	errMalformed        = Fault{"MalformedInput", "SerializationException", 400, ""}
	errUnknownOperation = Fault{"InvalidAction", "UnknownOperationException", 404, ""}
	errInternal         = Fault{"InternalServiceError", "InternalServiceFault", 500, ""}
)

// kinds are all errors by their type: these, and those of all AWS services, with which requests
// are not let in ("Common error types" of CloudWatch's API reference).
var kinds = func() map[string]Fault {
	m := map[string]Fault{"InternalServerException": errInternal}
	for _, f := range []Fault{
		errMissing, errValue, errCombination, errNextToken, errValidation, errMalformed, errUnknownOperation, errInternal,
		{"AccessDenied", "AccessDeniedException", 403, ""},
		{"ExpiredToken", "ExpiredTokenException", 403, ""},
		{"IncompleteSignature", "IncompleteSignatureException", 400, ""},
		{"InvalidClientTokenId", "UnrecognizedClientException", 403, ""},
		{"MissingAuthenticationToken", "MissingAuthenticationTokenException", 403, ""},
		{"ServiceUnavailable", "ServiceUnavailable", 503, ""},
		{"SignatureDoesNotMatch", "InvalidSignatureException", 403, ""},
		{"Throttling", "ThrottlingException", 400, ""},
	} {
		m[f.Type] = f
	}
	return m
}()

// told is an error of whoever lets requests in.
type told interface {
	error
	Told() (code string, status int, message string)
}

// asFault is an error as CloudWatch calls it.
func asFault(err error) *Fault {
	var t told
	if !errors.As(err, &t) {
		return faultOf(errInternal, "the request was not carried out")
	}
	code, status, message := t.Told()
	kind, known := kinds[code]
	if !known {
		kind = Fault{code, code, status, ""}
	}
	kind.Message = message
	return &kind
}

func faultOf(kind Fault, format string, about ...any) *Fault {
	kind.Message = fmt.Sprintf(format, about...)
	return &kind
}
