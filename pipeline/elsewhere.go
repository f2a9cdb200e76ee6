package pipeline

import (
	"time"

	"ladderd/media"
)

// A worker that still can says that its device has failed (ExitRetryElsewhere). Many
// cannot: a driver that crashes takes the worker along, one that hangs has it killed.
// Nothing that the supervisor sees tells such a driver from input that kills decoders.
// But moving the same input to another device costs one more start, while leaving it
// out costs viewers up to a GOP, and would not help against the driver. So the device
// is suspected first: after as many fruitless workers as it takes to suspect input, it
// is left, and if the input was to blame its workers die elsewhere too and it is left
// out then. One that crashed is not enough: a driver that was reset serves the next. One
// that hung is, whatever it had put out: a driver that hangs seldom recovers, and the next
// worker would hang as it opens it, which is waited for longer (StartTimeout).

// reassign has the next worker use another backend, at once.
func (w *owner) reassign(b Backend) {
	if err := checkBackend(b); err != nil {
		w.log.Error("another backend cannot be used", "backend", b, "error", err)
		return
	}
	if w.job.Backend == b {
		return
	}
	w.job.Backend = b
	if k := w.worker; k != nil {
		k.leaves = true // whatever it dies of: it was on the other one
		k.kill("the stream moves to another backend")
	}
}

// deviceFails tells whether the present device is to be blamed for the death of k and
// those before. A worker that does not even die when killed hangs in some device.
func (w *owner) deviceFails(k *worker) bool {
	onDevice := w.job.Backend.Device != (Device{})
	return k.immortal || onDevice && (k.hung || w.fruitless >= maxFruitless)
}

// Failure is why a stream needs another backend.
type Failure struct {
	Backend Backend // that failed
	Reason  string
	// OwnFault says that the stream is to be blamed rather than the device: devices must
	// not be left alone for it, and only the CPU is to be tried with it, if anything.
	OwnFault bool
	// Slow says that the device works, and is slower than real time: it may have too much to do.
	Slow bool
}

// A stream that kills workers anywhere would take one device after another from all
// others. It is itself to blame where its workers fail on a second device and have put
// nothing out in between, or where it has left maxMoves devices. For such a stream moving
// forgives nothing any more, so that it ends after maxDeaths.
const (
	maxMoves   = 3
	moveWindow = 5 * time.Minute
)

// moves are a stream's from device to device.
type moves struct {
	strikes  strikes
	slow     strikes     // for slow devices, for which nobody is blamed
	left     Device      // the last one; the CPU where none was left
	at       media.Ticks // what was out then
	ownFault bool
}

func newMoves() moves {
	return moves{strikes: strikes{limit: maxMoves, window: moveWindow}, slow: strikes{limit: maxMoves, window: moveWindow}}
}

// fails notes that a backend is to be left when all up to out is out, and says whether the
// stream is to blame. One that was asked to be left was asked by a driver's own word.
func (m *moves) fails(on Device, out media.Ticks, asked bool, now time.Time) bool {
	again := !asked && m.left != (Device{}) && m.left != on && m.at == out
	m.ownFault = m.ownFault || again
	if on != (Device{}) {
		m.left, m.at = on, out
		m.ownFault = m.strikes.add(now) || m.ownFault
	}
	return m.ownFault
}

// forgive follows a good run. How often devices were left is remembered for moveWindow.
func (m *moves) forgive() { m.left, m.ownFault = Device{}, false }

// move has the next worker use another backend, for which no strike counts, and says
// whether there is one. asked says that a worker asked for it (ExitRetryElsewhere).
func (w *owner) move(asked bool, why string) bool { return w.moveFor(Failure{Reason: why}, asked) }

func (w *owner) moveFor(f Failure, asked bool) bool {
	failed, why := w.job.Backend, f.Reason
	if w.o.Elsewhere == nil {
		return false
	}
	ownFault := w.moves.ownFault
	switch {
	case !f.Slow:
		ownFault = w.moves.fails(failed.Device, w.gate.after, asked, time.Now())
	case w.moves.slow.add(time.Now()):
		return false // it is slow wherever it is
	}
	select {
	case <-w.s.backend: // what was asked for did not reckon with this
	default:
	}
	f.Backend, f.OwnFault = failed, ownFault
	next, ok := w.o.Elsewhere(f)
	if !ok || next == failed {
		return false
	}
	if err := checkBackend(next); err != nil {
		w.log.Error("another backend cannot be used", "backend", next, "error", err)
		return false
	}
	w.log.Warn("the stream moves to another backend", "from", failed, "to", next, "reason", why, "streams_fault", ownFault)
	w.job.Backend = next
	w.fruitless = 0
	if !w.moves.ownFault {
		w.deaths.forgive()
		w.overflows.forgive()
	}
	return true
}
