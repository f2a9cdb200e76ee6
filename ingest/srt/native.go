package srt

/*
#cgo LDFLAGS: -lsrt
#include <srt/srt.h>

// Negative results are libsrt's error codes: what srt_getlasterror tells is the
// thread's, so it has to be asked for in the same call.
static int receive(SRTSOCKET s, char *buf, int size, int *sequence) {
	SRT_MSGCTRL about = srt_msgctrl_default;
	int n = srt_recvmsg2(s, buf, size, &about);
	*sequence = about.pktseq;
	return n < 0 ? -srt_getlasterror(NULL) : n;
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
	"unsafe"

	"github.com/haivision/srtgo"
)

// Options that srtgo does not name.
const (
	optionReceiveTimeout = C.SRTO_RCVTIMEO // ms
	optionOnlyIPv6       = C.SRTO_IPV6ONLY
	optionEncryption     = C.SRTO_RCVKMSTATE
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
	errBroken  = errors.New("the connection is over")
)

// receive waits for a message, for as long as optionReceiveTimeout says, and tells its
// sequence number, which srtgo's Read does not: without it a long loss can look like
// none (ts.Demuxer.Missing).
func receive(s srtgo.SrtSocket, b []byte) (n int, sequence int, err error) {
	var at C.int
	got := C.receive(C.SRTSOCKET(s.GetSocket()), (*C.char)(unsafe.Pointer(&b[0])), C.int(len(b)), &at)
	switch {
	case got == -C.SRT_ETIMEOUT || got == -C.SRT_EASYNCRCV:
		return 0, 0, errTimeout
	case got <= 0:
		return 0, 0, errBroken
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
		return "", errBroken
	}
	return string(b[:n]), nil
}
