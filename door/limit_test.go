package door

import (
	"log/slog"
	"net"
	"testing"
)

func TestOtherLimitsHoldForWhoComesNext(t *testing.T) {
	d := New(Options{PerAddress: 2, FailedKeys: 5, Log: slog.New(slog.DiscardHandler)})
	at := &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 1}
	enter := func() bool { _, ok := d.Enter(at); return ok }
	if first, second := enter(), enter(); !first || !second || enter() {
		t.Fatal("not two from one address")
	}
	d.Limit(Options{PerAddress: 3, FailedKeys: 5})
	if third := enter(); !third || enter() {
		t.Error("not three from one address")
	}
	d.Limit(Options{PerAddress: 1, FailedKeys: 2})
	if d.open != 3 || enter() {
		t.Errorf("%d are in, and another one may come", d.open)
	}
	d.Limit(Options{FailedKeys: 2})
	d.Failed(at)
	d.Failed(at)
	if enter() {
		t.Error("two unknown keys are not too many")
	}
	d.Limit(Options{})
	if !enter() {
		t.Error("kept out without a limit")
	}
}
