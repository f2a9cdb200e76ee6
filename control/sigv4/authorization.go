package sigv4

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	// headerMost is more than any client sends, in bytes.
	headerMost = 4 << 10
)

// authorization is an Authorization header that is well formed.
type authorization struct {
	id                    string
	date, region, service string // of the scope; the date is YYYYMMDD
	signed                []string
	signature             [32]byte
}

func (a *authorization) scope() string {
	return a.date + "/" + a.region + "/" + a.service + "/" + terminator
}

func (a *authorization) signs(header string) bool {
	_, ok := slices.BinarySearch(a.signed, header)
	return ok
}

// presigned are the parts of a query that bring a signature.
var presigned = []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"}

// authorizationOf reads the one Authorization header of a request.
func authorizationOf(r *http.Request) (*authorization, *Refusal) {
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) > 1:
		return nil, refuse(codeIncomplete, "the request has %d Authorization headers", len(headers))
	case len(headers) == 1:
		return parseAuthorization(headers[0])
	}
	query := r.URL.Query()
	for _, name := range presigned {
		if query.Has(name) {
			return nil, refuse(codeMissing, "a signature in the query (presigned URL) is not taken: sign with the Authorization header")
		}
	}
	return nil, refuse(codeMissing, "the request is not signed: it has no Authorization header")
}

// Claimed is the id of the access key that a request names, whether that is true or not; empty
// where it is not signed in the right form.
func Claimed(r *http.Request) string {
	a, refused := authorizationOf(r)
	if refused != nil {
		return ""
	}
	return a.id
}

// parseAuthorization reads
// AWS4-HMAC-SHA256 Credential=<id>/<scope>, SignedHeaders=<a;b>, Signature=<hex>.
func parseAuthorization(header string) (*authorization, *Refusal) {
	if len(header) > headerMost {
		return nil, refuse(codeIncomplete, "the Authorization header is longer than %d bytes", headerMost)
	}
	name, rest, _ := strings.Cut(header, " ")
	if name != algorithm {
		return nil, refuse(codeIncomplete, "the Authorization header does not begin with %s", algorithm)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[name]; !ok || twice || !slices.Contains([]string{"Credential", "SignedHeaders", "Signature"}, name) {
			return nil, refuse(codeIncomplete, "the Authorization header is not Credential=…, SignedHeaders=…, Signature=…, each once")
		}
		parts[name] = value
	}
	a := &authorization{}
	if refusal := a.readCredential(parts["Credential"]); refusal != nil {
		return nil, refusal
	}
	if refusal := a.readSigned(parts["SignedHeaders"]); refusal != nil {
		return nil, refusal
	}
	signature := parts["Signature"]
	if n, err := hex.Decode(a.signature[:], []byte(signature[:min(len(signature), 64)])); err != nil || n != 32 || len(signature) != 64 || strings.ToLower(signature) != signature {
		return nil, refuse(codeIncomplete, "the Authorization header's Signature is not 64 hexadecimal digits in lower case")
	}
	return a, nil
}

func (a *authorization) readCredential(credential string) *Refusal {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || parts[0] == "" || len(parts[1]) != len("20060102") || parts[4] != terminator {
		return refuse(codeIncomplete, "the Authorization header's Credential is not <id>/<YYYYMMDD>/<region>/<service>/%s", terminator)
	}
	a.id, a.date, a.region, a.service = parts[0], parts[1], parts[2], parts[3]
	return nil
}

func (a *authorization) readSigned(headers string) *Refusal {
	a.signed = strings.Split(headers, ";")
	for i, name := range a.signed {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
		}) {
			return refuse(codeIncomplete, "the Authorization header's SignedHeaders are not names in lower case with ; between")
		}
		if i > 0 && a.signed[i-1] >= name {
			return refuse(codeIncomplete, "the Authorization header's SignedHeaders are not in order, each once")
		}
	}
	return nil
}
