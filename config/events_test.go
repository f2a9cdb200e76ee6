package config

import (
	"testing"

	"ladderd/control/outbox"
)

// As many receivers as a file may have can be told.
func TestWebhooksAreNoMoreThanCanBeTold(t *testing.T) {
	if maxWebhooks != outbox.ReceiversMost {
		t.Errorf("a file may have %d, there may be %d", maxWebhooks, outbox.ReceiversMost)
	}
}
