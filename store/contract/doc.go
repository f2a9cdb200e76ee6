// Package contract has the tests that a backend of the store must pass, whichever it is. A
// backend's own tests call Run, and have what is only its own beside it.
package contract
