package srt

import (
	"testing"

	"go.uber.org/goleak"
)

// A Dial of gosrt that is refused leaves a goroutine behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/datarhei/gosrt.Dial.func1"))
}
