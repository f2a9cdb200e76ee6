// Package etcd keeps the store of a fleet in an etcd cluster, version 3.4 and later, below a
// prefix of its keys.
//
// Revisions are etcd's own, of all its keys, so other prefixes' changes leave gaps in them. How
// long changes are remembered for watchers is the cluster's matter too (--auto-compaction-retention).
// A connection that breaks is made anew: calls fail meanwhile, or wait as long as their context
// lets them, and watches go on where they were.
package etcd
