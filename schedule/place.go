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
			if why.Reason > refusal.Reason {
				refusal = why
			}
		}
	}
	return nil, Way{}, 0, refusal
}

// first is the first of the ways that fits on a; none on none.
func (a *account) first(ways []Way) (Way, bool) {
	if a == nil || !a.usable() {
		return Way{}, false
	}
	for _, w := range ways {
		if _, lacks := a.lacks(w); w.Class == a.Class && !lacks {
			return w, true
		}
	}
	return Way{}, false
}

// stretch is the first way of a device that lacks nothing but time for it, on a host
// that carries nothing and keeps nothing for others; none without OneAlways.
func (l *Ledger) stretch(ways []Way, not *account) (*account, Way) {
	if !l.options.OneAlways {
		return nil, Way{}
	}
	for _, w := range ways {
		for _, a := range l.classes[w.Class] {
			if a != not && a.usable() && a.empty() && a.lacksOnlyTime(w) {
				return a, w
			}
		}
	}
	return nil, Way{}
}

// best is the fullest device of a class that has room, or the emptiest with Spread. Of
// equals it is the first.
func (l *Ledger) best(w Way, not *account) (found *account, refusal Refusal) {
	for _, a := range l.classes[w.Class] {
		lacking, lacks := a.lacks(w)
		switch {
		case a == not || !a.usable():
			if refusal.Reason == Unable && a.suspect {
				refusal.Reason = Failed
			}
		case lacks:
			if refusal.Reason != Full {
				refusal = Refusal{Full, lacking}
			}
		case found == nil || a.fill != found.fill && (a.fill < found.fill) == l.options.Spread:
			found = a
		}
	}
	return found, refusal
}
