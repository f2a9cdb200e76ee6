package srt

/*
#cgo LDFLAGS: -lsrt
#include <srt/srt.h>
#include <time.h>

// receive reads what is due, up to most messages, each into size bytes of buf. Negative
// results are libsrt's error codes: what srt_getlasterror tells is the thread's, so it
// has to be asked for in the same call.
static int receive(SRTSOCKET s, char *buf, int most, int size, int *sizes, int *sequences) {
	int count;
	for (count = 0; count < most; count++) {
		SRT_MSGCTRL about = srt_msgctrl_default;
		int n = srt_recvmsg2(s, buf + count * size, size, &about);
		if (n <= 0 && count > 0)
			break; // an error comes again
		if (n <= 0)
			return n < 0 ? -srt_getlasterror(NULL) : 0;
		sizes[count] = n;
		sequences[count] = about.pktseq;
	}
	return count;
}

static int never_block(SRTSOCKET s) {
	int no = 0;
	return srt_setsockflag(s, SRTO_RCVSYN, &no, sizeof no);
}

static int own_port(SRTSOCKET s) {
	struct sockaddr_storage at;
	int size = sizeof at;
	if (srt_getsockname(s, (struct sockaddr *)&at, &size) < 0)
		return -1;
	return at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
					: ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static int stream_id(SRTSOCKET s, char *buf, int size) {
	return srt_getsockflag(s, SRTO_STREAMID, buf, &size) < 0 ? -1 : size;
}
*/
import "C"

import (
	"errors"
	"iter"
	"time"
	"unsafe"

	"github.com/haivision/srtgo"
)

// Options that srtgo does not name.
const (
	optionOnlyIPv6   = C.SRTO_IPV6ONLY
	optionEncryption = C.SRTO_RCVKMSTATE
)

// secured is optionEncryption's value where the publisher's key fits.
const secured = C.SRT_KM_S_SECURED

// maxPayload is more than a message of live mode has, in bytes: libsrt keeps one that
// does not fit into the buffer, and gives it again for ever.
const maxPayload = 1500

// maxStreamID is the longest stream id of SRT, in bytes.
const maxStreamID = 512

// sequences is how many sequence numbers there are.
const sequences = 1 << 31

var (
	errTimeout = errors.New("nothing has come in time")
	// errBroken is of a connection that is over; what it holds back may still come.
	errBroken = errors.New("the connection is over")
	// errGone is of one of which nothing is left.
	errGone = errors.New("the connection is closed")
)

const (
	// lookInterval is how often a connection is looked at. Being woken for each message
	// takes a thread for each publisher and a third more CPU, most of it in switching to
	// that thread and in the Go scheduler, which follows every call into C that blocks.
	// SRT holds messages back for far longer anyway.
	lookInterval = 5 * time.Millisecond
	// mostMessages is more than come within that.
	mostMessages = 32
)

// reader reads a connection's messages, without ever blocking in libsrt. srtgo's Read
// blocks in srt_recvmsg, which, woken by a shutdown, takes a message that is not due yet
// and loses it; and it does not tell sequence numbers, without which a long loss can
// look like none (ts.Demuxer.Missing).
type reader struct {
	socket    C.SRTSOCKET
	look      *time.Ticker
	buffer    [mostMessages * maxPayload]byte
	sizes     [mostMessages]C.int
	sequences [mostMessages]C.int
}

// message is one of a reader's, until it reads again.
type message struct {
	data     []byte
	sequence int
}

func newReader(s srtgo.SrtSocket) (*reader, error) {
	r := &reader{socket: C.SRTSOCKET(s.GetSocket())}
	if C.never_block(r.socket) < 0 {
		return nil, errGone
	}
	r.look = time.NewTicker(lookInterval)
	return r, nil
}

// close frees what the reader has; the socket stays.
func (r *reader) close() { r.look.Stop() }

// receive waits for messages. Without any it says why.
func (r *reader) receive(timeout time.Duration) (iter.Seq[message], error) {
	messages, err := r.due()
	for waited := time.Duration(0); err == errTimeout && waited < timeout; waited += lookInterval {
		<-r.look.C
		messages, err = r.due()
	}
	return messages, err
}

// due reads what can be read now.
func (r *reader) due() (iter.Seq[message], error) {
	got := C.receive(r.socket, (*C.char)(unsafe.Pointer(&r.buffer[0])), mostMessages, maxPayload, &r.sizes[0], &r.sequences[0])
	switch {
	case got == -C.SRT_EASYNCRCV:
		return nil, errTimeout
	case got == -C.SRT_ECONNLOST:
		return nil, errBroken
	case got <= 0:
		return nil, errGone
	}
	return func(yield func(message) bool) {
		for i := range int(got) {
			at := i * maxPayload
			if !yield(message{r.buffer[at : at+int(r.sizes[i])], int(r.sequences[i])}) {
				return
			}
		}
	}, nil
}

// ownPort is the port that a bound socket has got; 0 where it has none.
func ownPort(s srtgo.SrtSocket) int { return max(int(C.own_port(C.SRTSOCKET(s.GetSocket()))), 0) }

// streamID is what the publisher sent; srtgo reads up to 256 bytes.
func streamID(s srtgo.SrtSocket) (string, error) {
	var b [maxStreamID + 1]byte
	n := C.stream_id(C.SRTSOCKET(s.GetSocket()), (*C.char)(unsafe.Pointer(&b[0])), C.int(len(b)))
	if n < 0 {
		return "", errGone
	}
	return string(b[:n]), nil
}
