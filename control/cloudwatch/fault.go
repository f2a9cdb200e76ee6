package cloudwatch

import (
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

// sender says that the caller is to blame.
func (f *Fault) sender() bool { return f.Status < http.StatusInternalServerError }

// Errors of CloudWatch's model and of all AWS services. The two kinds of protocol call some
// by different names.
var (
	errMissing          = Fault{"MissingParameter", "MissingRequiredParameterException", 400, ""}
	errValue            = Fault{"InvalidParameterValue", "InvalidParameterValueException", 400, ""}
	errCombination      = Fault{"InvalidParameterCombination", "InvalidParameterCombinationException", 400, ""}
	errNextToken        = Fault{"InvalidNextToken", "InvalidNextToken", 400, ""}
	errValidation       = Fault{"ValidationError", "ValidationError", 400, ""}
	errMalformed        = Fault{"MalformedInput", "SerializationException", 400, ""}
	errUnknownOperation = Fault{"InvalidAction", "UnknownOperationException", 404, ""}
)

func faultOf(kind Fault, format string, about ...any) *Fault {
	kind.Message = fmt.Sprintf(format, about...)
	return &kind
}
