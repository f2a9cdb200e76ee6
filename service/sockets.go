package service

import (
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"
)

// Sockets are the listeners that the manager opened for the daemon, by FileDescriptorName; nil
// are none.
type Sockets struct{ waiting map[string][]net.Listener }

// OpenSockets takes what the manager passed on. It is called once, before any file is opened
// that could be taken for one of them.
func OpenSockets() (*Sockets, error) {
	waiting, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("take the service manager's sockets: %w", err)
	}
	return NewSockets(waiting), nil
}

// NewSockets are these listeners.
func NewSockets(byName map[string][]net.Listener) *Sockets { return &Sockets{byName} }

// Take is the listener of a name, and nil where there is none. A name has one listener: of
// more, which is two ListenStream= of one socket unit, the error tells.
func (s *Sockets) Take(name string) (net.Listener, error) {
	if s == nil {
		return nil, nil
	}
	list := s.waiting[name]
	switch len(list) {
	case 0:
		return nil, nil
	case 1:
		delete(s.waiting, name)
		return list[0], nil
	}
	return nil, fmt.Errorf("the service manager passed %d sockets named %s: a listener has one ListenStream=", len(list), name)
}

// Left closes those that nobody has taken, and names them.
func (s *Sockets) Left() []string {
	if s == nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(s.waiting))
	for _, name := range names {
		for _, ln := range s.waiting[name] {
			_ = ln.Close() // nobody has used it
		}
	}
	clear(s.waiting)
	return names
}
