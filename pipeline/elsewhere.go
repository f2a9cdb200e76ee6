package pipeline

// A worker that still can says that its device has failed (ExitRetryElsewhere). Many
// cannot: a driver that crashes takes the worker along, one that hangs has it killed.
// Nothing that the supervisor sees tells such a driver from input that kills decoders.
// But moving the same input to another device costs one more start, while leaving it
// out costs viewers up to a GOP, and would not help against the driver. So the device
// is suspected first: after as many fruitless workers as it takes to suspect input, it
// is left, and if the input was to blame its workers die elsewhere too and it is left
// out then. One that crashed is not enough: a driver that was reset serves the next. One
// that hung is, whatever it had put out: a driver that hangs seldom recovers, and to see
// that the next worker hangs too costs viewers seconds more than the queues hold.

// deviceFails tells whether the present device is to be blamed for the death of k and
// those before. A worker that does not even die when killed hangs in some device.
func (w *owner) deviceFails(k *worker) bool {
	onDevice := w.job.Backend.Device != (Device{})
	return k.immortal || onDevice && (k.hung || w.fruitless >= maxFruitless)
}

// move has the next worker use another backend, for which no strike counts, and says
// whether there is one.
func (w *owner) move(why string) bool {
	failed := w.job.Backend
	if w.o.Elsewhere == nil {
		return false
	}
	next, ok := w.o.Elsewhere(failed, why)
	if !ok || next == failed {
		return false
	}
	if err := checkBackend(next); err != nil {
		w.log.Error("another backend cannot be used", "backend", next, "error", err)
		return false
	}
	w.log.Warn("the stream moves to another backend", "from", failed, "to", next, "reason", why)
	w.job.Backend = next
	w.fruitless = 0
	w.deaths.forgive()
	w.overflows.forgive()
	return true
}
