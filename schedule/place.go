package schedule

// choose is the device for the first of the ladders that fits anywhere. Where none does,
// the refusal says what lacked for the last ladder's most wanted way.
func (l *Ledger) choose(ladders [][]Way, not *account) (on *account, way Way, ladder int, refusal Refusal) {
	for i, ways := range ladders {
		refusal = Refusal{}
		for _, w := range ways {
			found, why := l.best(w, not)
			if found != nil {
				return found, w, i, Refusal{}
			}
			if why.Known && !refusal.Known {
				refusal = why
			}
		}
	}
	return nil, Way{}, 0, refusal
}

// best is the fullest device of a class that has room, or the emptiest with Spread. Of
// equals it is the first.
func (l *Ledger) best(w Way, not *account) (found *account, refusal Refusal) {
	for _, a := range l.classes[w.Class] {
		lacking, lacks := w.Device.lacks(&a.free)
		if !lacks && a.host != a {
			lacking, lacks = w.Host.lacks(&a.host.free)
		}
		switch {
		case a == not || !a.usable():
		case lacks:
			refusal = Refusal{lacking, true}
		case found == nil || a.fill != found.fill && (a.fill < found.fill) == l.options.Spread:
			found = a
		}
	}
	return found, refusal
}
