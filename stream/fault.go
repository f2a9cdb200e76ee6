package stream

import (
	"errors"

	"ladderd/ingest"
)

// ownFault is what ends a stream and is nothing that its publisher could mend: the log
// has it in full, the publisher is told that much.
type ownFault struct{ reason error }

func (f ownFault) Error() string { return f.reason.Error() }
func (f ownFault) Unwrap() error { return f.reason }

var errOwnFault = errors.New("the server cannot carry this stream: ask its operator")

// told is what a publisher hears of the reason why its stream ends.
func told(reason error) error {
	var own ownFault
	for _, passing := range []error{ErrNotYet, ingest.ErrCapacity} {
		if errors.Is(reason, passing) {
			return passing
		}
	}
	if errors.As(reason, &own) {
		return errOwnFault
	}
	return reason
}
