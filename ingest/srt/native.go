package srt

/*
#cgo LDFLAGS: -lsrt
#include <srt/srt.h>
#include <time.h>

// Negative results are libsrt's error codes: what srt_getlasterror tells is the
// thread's, so it has to be asked for in the same call.
static int receive(SRTSOCKET s, int poll, int timeout, char *buf, int size, int *sequence) {
	SRT_MSGCTRL about = srt_msgctrl_default;
	int n = srt_recvmsg2(s, buf, size, &about);
	if (n < 0 && srt_getlasterror(NULL) == SRT_EASYNCRCV) {
		SRT_EPOLL_EVENT event;
		struct timespec gather = {.tv_nsec = 4000000};
		// An encoder's messages come in bursts, one a picture. To wake for each
		// costs more than to read it.
		if (srt_epoll_uwait(poll, &event, 1, timeout) > 0)
			nanosleep(&gather, NULL);
		n = srt_recvmsg2(s, buf, size, &about);
	}
	*sequence = about.pktseq;
	return n < 0 ? -srt_getlasterror(NULL) : n;
}

// open_poll makes the socket one that does not block, and what waits for it.
static int open_poll(SRTSOCKET s) {
	int no = 0, events = SRT_EPOLL_IN | SRT_EPOLL_ERR, poll;
	if (srt_setsockflag(s, SRTO_RCVSYN, &no, sizeof no) < 0 || (poll = srt_epoll_create()) < 0)
		return -1;
	if (srt_epoll_add_usock(poll, s, &events) < 0) {
		srt_epoll_release(poll);
		return -1;
	}
	return poll;
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

// reader reads a connection's messages. srtgo's Read blocks in srt_recvmsg, which,
// woken by a shutdown, takes a message that is not due yet and loses it; and it does not
// tell sequence numbers, without which a long loss can look like none
// (ts.Demuxer.Missing).
type reader struct {
	socket C.SRTSOCKET
	poll   C.int
}

func newReader(s srtgo.SrtSocket) (reader, error) {
	r := reader{socket: C.SRTSOCKET(s.GetSocket())}
	if r.poll = C.open_poll(r.socket); r.poll < 0 {
		return r, errGone
	}
	return r, nil
}

// close frees what the reader has; the socket stays.
func (r reader) close() { C.srt_epoll_release(r.poll) }

// receive waits for a message.
func (r reader) receive(b []byte, timeout time.Duration) (n int, sequence int, err error) {
	var at C.int
	got := C.receive(r.socket, r.poll, C.int(timeout.Milliseconds()), (*C.char)(unsafe.Pointer(&b[0])), C.int(len(b)), &at)
	switch {
	case got == -C.SRT_EASYNCRCV:
		return 0, 0, errTimeout
	case got == -C.SRT_ECONNLOST:
		return 0, 0, errBroken
	case got <= 0:
		return 0, 0, errGone
	}
	return int(got), int(at), nil
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
