// Package iam decides what callers may do, by policy documents of AWS IAM ("IAM JSON policy
// element reference" in the IAM User Guide; the guide's examples, line 8470).
//
//	document ──► json.go ──► policy.go, condition.go ──► Policy ──► Decide ──► Allowed, Denied
//	              strict        what it says, checked               ▲          or Forbidden
//	                                                      action, resources, context
//
//	pattern.go   wildcards, ARNs, and variables such as ${aws:username}
//	operator.go  the table of condition operators
//	builtin.go   the policies that need no document
//
// A document is read strictly, because what it says wrong it would not protect: what is not
// known is an error, and so are condition keys of aws: and ivs: that requests never have.
// Actions, resources and condition keys of other services are legal and match nothing.
//
// The package knows neither operations nor resources. A Policy does not change and is for any
// goroutine.
package iam
