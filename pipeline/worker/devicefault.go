package worker

import (
	"fmt"
	"regexp"
	"strings"
)

// cudaCall is a call into CUDA as libav logs it, with its arguments in C.
var cudaCall = regexp.MustCompile(`cu->(\w+)\(.*\) failed`)

// quoted is how many of libav's lines an error has at most. What explains a failure may
// stand some lines before the last one.
const quoted = 12

// deviceFault marks err as one that another backend may not have, and says with it what
// libav said since the mark, as libav said it: what that means to an operator is package
// gpu's.
func deviceFault(mark int64, err error) error {
	lines := libavSaid.since(mark)
	if len(lines) == 0 {
		return elsewhere(err)
	}
	newest := lines[max(0, len(lines)-quoted):]
	said := cudaCall.ReplaceAllString(strings.Join(newest, "; "), "$1 failed")
	return elsewhere(fmt.Errorf("%w (libav: %s)", err, said))
}
