package stream

import "ladderd/ingest"

// message takes in-band data of the publisher.
func (l *live) message(m ingest.Message) error {
	l.log.Debug("in-band message", "name", m.Name)
	return nil
}
