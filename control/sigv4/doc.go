// Package sigv4 finds out who sent a request: AWS Signature Version 4, as servers see it
// ("Create a signed AWS API request" in the IAM User Guide).
//
//	request ──► authorization ──► what must be signed ──► body, date ──► key ──► signature
//	             authorization.go  verifier.go                                   canonical.go
//	                                                                                │
//	                        Key ◄── replay ◄── expiry ◄── session token ◄───────────┘
//	                                replay.go
//
// The signature is in the Authorization header; the query's form (presigned URLs), unsigned
// and streamed bodies are refused, and so is what AWS leaves open: the host and all x-amz-
// headers have to be signed. The canonical form is built here rather than by signing the
// request again with the SDK's signer, which leaves out headers that other clients sign
// (User-Agent) and drops what it cannot read of a query: that would then be let in unsigned.
// The SDK is what the tests sign with.
//
// An unknown key takes the same way as a known one, with a secret of its own, and secrets are
// compared in constant time.
//
// A signature that was accepted is refused afterwards, for as long as its date is good. The
// AWS CLI and boto3 sign whole seconds and nothing that tells two calls apart, so that the
// same call twice in a second has the same signature: such a call is let in for two seconds
// where its unsigned invocation id is another one; CLIs of before 2024 send none, for which
// there is Unmarked. What was accepted is in memory: a
// request that was recorded before a restart is taken once more after it, while it is younger
// than 15 minutes.
//
// A proxy in front has to pass the Host header and the path on as they came.
//
// A Verifier has no goroutines and waits for nothing.
package sigv4
