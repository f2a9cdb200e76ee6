package cloudwatch

import "net/http"

const (
	// service is what CloudWatch is called in its protocols.
	service = "GraniteServiceVersion20100801"
	// version is the query protocol's.
	version = "2010-08-01"
	// shapes is below what errors are named where they have their whole name.
	shapes = "com.amazonaws.cloudwatch#"
)

// protocol is a way of asking.
type protocol interface {
	// operation is what a request asks for, where the protocol is this one and the service
	// CloudWatch.
	operation(r *http.Request, body []byte) (name string, ours bool)
	read(body []byte) (tree, error)
	answer(operation, requestID string, t tree) answer
	refuse(requestID string, f *Fault) answer
}

// protocols are all. Which one a tool speaks goes by its age: the oldest speak query.
var protocols = []protocol{cborProtocol{}, jsonProtocol{}, queryProtocol{}}

// headed are the headers of each answer.
func headed(requestID, contentType string) map[string]string {
	return map[string]string{"X-Amzn-RequestId": requestID, "Content-Type": contentType, "Cache-Control": "no-store"}
}

// withQueryError adds what tools that were written for the query protocol go by.
func withQueryError(header map[string]string, f *Fault) map[string]string {
	who := "Sender"
	if !f.sender() {
		who = "Receiver"
	}
	header["X-Amzn-Query-Error"] = f.Code + ";" + who
	return header
}
