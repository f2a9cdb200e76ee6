// Package store is where the control API's resources and history are kept: values by
// key, each with the revision at which it was last changed.
//
//	control ──► Apply ──► all of it or nothing, durable when it returns
//	        ◄── Get, List
//	        ◄── Watch: every change below a prefix, in order
//
// Each change has a revision, above those of all changes before it, and all that one Apply
// changes has the same. What is read is a state that there was at one revision. The interface is small,
// so that a single machine's file (package sqlite) and a fleet's etcd (package etcd) can both
// keep it; package contract has the tests that any of them must pass.
//
// Archive is what a backup is, of any backend and for any.
//
// Values are opaque here. Whoever keeps secrets in them has them in backups too.
package store
