package schedule

import (
	"fmt"
	"strings"
)

// Resource is something that devices have and streams take.
type Resource int

// The resources. A device that does not have one has 0 of it, and gets no stream that
// takes any.
const (
	Sessions Resource = iota // encoders that are open at once
	Encode                   // pixels per second
	Decode                   // likewise
	Scale                    // likewise, of the larger picture
	Memory                   // bytes of the device's own
	CPU                      // thousandths of a core
	Network                  // bits per second
	Disk                     // bytes per second
	resources
)

// work is what a device does more slowly than measured where it is hot or shared. Sessions
// and memory are there or not.
var work = [...]Resource{Encode, Decode, Scale, CPU}

// String is a resource in an operator's words.
func (r Resource) String() string {
	return [resources]string{
		"encoder sessions", "encoding", "decoding", "scaling", "GPU memory", "CPU", "network", "disk",
	}[r]
}

// Amount is so much of each resource. The figures are whole, so that sums are exact.
type Amount [resources]int64

// Plus is a and b together.
func (a Amount) Plus(b Amount) Amount {
	for r := range a {
		a[r] += b[r]
	}
	return a
}

// Minus is a without b.
func (a Amount) Minus(b Amount) Amount {
	for r := range a {
		a[r] -= b[r]
	}
	return a
}

// beyond is what a has more of than b, of each resource.
func (a Amount) beyond(b Amount) Amount {
	for r := range a {
		a[r] = max(a[r]-b[r], 0)
	}
	return a
}

// lacks is the first resource that a takes and has less of; none where it fits.
func (a *Amount) lacks(has *Amount) (Resource, bool) {
	for r := range a {
		if a[r] > max(has[r], 0) {
			return Resource(r), true
		}
	}
	return 0, false
}

// share is the largest part that a is of whole, over all resources that whole has: 1 where
// nothing is left of one of them.
func (a Amount) share(whole Amount) (most float64) {
	for r := range a {
		if whole[r] > 0 {
			most = max(most, float64(a[r])/float64(whole[r]))
		}
	}
	return most
}

// String has what there is any of, for logs.
func (a Amount) String() string {
	var words []string
	for r, n := range a {
		if n == 0 {
			continue
		}
		switch Resource(r) {
		case Sessions:
			words = append(words, fmt.Sprintf("%d encoder sessions", n))
		case Encode, Decode, Scale:
			words = append(words, fmt.Sprintf("%s %.0f Mpixel/s", Resource(r), float64(n)/1e6))
		case Memory:
			words = append(words, fmt.Sprintf("GPU memory %.2f GiB", float64(n)/(1<<30)))
		case CPU:
			words = append(words, fmt.Sprintf("CPU %.2f cores", float64(n)/1e3))
		case Network:
			words = append(words, fmt.Sprintf("network %.1f Mb/s", float64(n)/1e6))
		case Disk:
			words = append(words, fmt.Sprintf("disk %.1f MB/s", float64(n)/1e6))
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
