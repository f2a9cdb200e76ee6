// Package control is the control API: the operations of Amazon IVS low-latency streaming, as
// the AWS SDKs and the AWS CLI speak them, and the resources that they are about.
//
//	request ──► handler ──► sigv4 ──► row of operations ──► decode, check ──► iam ──► call rate
//	                                                                                     │
//	answer ◄── audit ◄────────────────────── encode ◄──────────────────────── function ◄─┘
//	                                                                            │   ▲
//	                                                       Streams, history ◄───┤   │
//	                                                                            ▼   │
//	Channels (who lets publishers in) ◄── follower ◄── watch ◄─────────────── store ─┘
//
// An operation is one row of a table (operations.go) and one function; what its request may
// hold is said by the types of the request's fields (shapes.go), whose rules are another table
// (rules.go). A function reads and changes records in a draft (draft.go), which is applied to
// the store as a whole or, where somebody else was faster, made anew. What was acknowledged is
// durable, and the follower has passed it on: a channel can be published to when CreateChannel
// answers.
//
// Requests are served on any number of goroutines. The follower is the only one of the
// package's own.
//
// Other services of AWS may be called at the same address (services.go): for them the way is the
// same up to the function, and what is asked and answered is theirs.
//
// The package does not know what a stream is made of: it is told of streams through the
// interface Streams, and of what became of them through package history. Nor does it know the
// configuration: it is given Settings, which may be replaced while it runs.
package control
