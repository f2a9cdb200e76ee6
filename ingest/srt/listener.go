package srt

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/haivision/srtgo"
)

const (
	// backlog is how many connections may have shaken hands and wait to be accepted.
	// One more is refused. Before that libsrt keeps nothing of a stranger.
	backlog = 128
	// oldest is the first version of SRT that has stream ids, 1.3.0.
	oldest = 0x010300
	// mostBitrate is what the receive buffer holds the latency of, in bits per second:
	// with retransmissions more than any channel takes.
	mostBitrate = 20_000_000
	// packetBytes is what libsrt counts for a packet of a buffer.
	packetBytes = 1456
	// leastBuffer is the default of libsrt, in packets.
	leastBuffer = 8192
)

// startLibrary starts libsrt once. It is not cleaned up: its one thread is the
// process's.
var startLibrary = sync.OnceFunc(func() {
	srtgo.InitSRT()
	// What libsrt logs of connections is logged here as well; stream ids are not.
	srtgo.SrtSetLogLevel(srtgo.SrtLogLevelCrit)
})

// open binds a listening socket. Without a host it takes IPv6 and IPv4.
func open(listen string, latency time.Duration, gate srtgo.ListenCallbackFunc) (*srtgo.SrtSocket, *net.UDPAddr, error) {
	startLibrary()
	at, err := net.ResolveUDPAddr("udp", listen)
	if err != nil {
		return nil, nil, fmt.Errorf("listen for srt on %s: %w", listen, err)
	}
	hosts := []string{at.IP.String()}
	if at.IP == nil {
		hosts = []string{"::", "0.0.0.0"} // the machine may have no IPv6
	}
	for _, host := range hosts {
		var socket *srtgo.SrtSocket
		if socket, err = bind(host, at.Port, latency, gate); err == nil {
			return socket, &net.UDPAddr{IP: net.ParseIP(host), Port: ownPort(*socket)}, nil
		}
	}
	return nil, nil, fmt.Errorf("listen for srt on %s: %w", listen, reason(at, err))
}

// reason finds out why a port cannot be bound, which libsrt does not tell.
func reason(at *net.UDPAddr, err error) error {
	probe, system := net.ListenUDP("udp", at)
	if system != nil {
		return system
	}
	probe.Close()
	return err
}

func bind(host string, port int, latency time.Duration, gate srtgo.ListenCallbackFunc) (*srtgo.SrtSocket, error) {
	packets := max(int((latency+2*time.Second).Seconds()*mostBitrate/8/packetBytes), leastBuffer)
	socket := srtgo.NewSrtSocket(host, uint16(port), map[string]string{
		"blocking": "1", "mode": "listener", "transtype": "live",
		"rcvlatency": strconv.FormatInt(latency.Milliseconds(), 10),
		"minversion": strconv.Itoa(oldest),
		"fc":         strconv.Itoa(2 * packets), "rcvbuf": strconv.Itoa(packets * packetBytes),
	})
	if socket == nil {
		return nil, fmt.Errorf("libsrt takes no latency of %s", latency)
	}
	if host == "::" {
		if err := socket.SetSockOptInt(optionOnlyIPv6, 0); err != nil {
			return nil, err
		}
	}
	socket.SetListenCallback(gate)
	return socket, socket.Listen(backlog)
}
