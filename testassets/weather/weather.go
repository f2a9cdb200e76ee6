// Package weather is a bad network between a publisher and a server that speak UDP: a
// relay that loses packets and holds each back for a time of its own, so that they come
// in another order. It stands in for namespaces and `tc netem` (Namespace), which not every
// kernel has.
package weather

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Weather is what happens to packets, both ways.
type Weather struct {
	Loss   float64       // of all packets, 0 to 1
	Calm   int           // packets at the beginning to which nothing happens
	Jitter time.Duration // the longest delay; each packet's is any up to that
}

// Relay is a running one, for one publisher.
type Relay struct {
	front   net.PacketConn // where the publisher sends to
	back    *net.UDPConn   // to the server
	weather Weather
	client  atomic.Pointer[net.Addr]
	cut     atomic.Bool
	running sync.WaitGroup // the two directions, and packets that are held back
	mu      sync.Mutex     // of what follows
	random  *rand.Rand
	passed  int
}

// packetSize is more than a UDP packet of SRT has, in bytes.
const packetSize = 2048

// Start relays to the server, a UDP address, until Close. seed makes the losses the same
// in each run, as far as the timing is.
func Start(server string, w Weather, seed uint64) (*Relay, error) {
	return StartAt(net.IPv4(127, 0, 0, 1), server, w, seed)
}

// StartAt is Start for a publisher that sends to another address of this machine.
func StartAt(host net.IP, server string, w Weather, seed uint64) (*Relay, error) {
	at, err := net.ResolveUDPAddr("udp", server)
	if err != nil {
		return nil, fmt.Errorf("relay to %s: %w", server, err)
	}
	back, err := net.DialUDP("udp", nil, at)
	if err != nil {
		return nil, fmt.Errorf("relay to %s: %w", server, err)
	}
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: host})
	if err != nil {
		back.Close()
		return nil, fmt.Errorf("relay to %s: %w", server, err)
	}
	r := &Relay{front: front, back: back, weather: w, random: rand.New(rand.NewPCG(seed, 0))}
	r.running.Go(func() {
		r.forward(func(b []byte) (int, error) {
			n, from, err := front.ReadFrom(b)
			r.client.Store(&from)
			return n, err
		}, func(b []byte) { _, _ = back.Write(b) })
	})
	r.running.Go(func() {
		r.forward(back.Read, func(b []byte) { _, _ = front.WriteTo(b, *r.client.Load()) })
	})
	return r, nil
}

// Addr is where the publisher sends to.
func (r *Relay) Addr() net.Addr { return r.front.LocalAddr() }

// Cut loses everything from now on.
func (r *Relay) Cut() { r.cut.Store(true) }

// Close ends the relay and waits for what it holds back.
func (r *Relay) Close() {
	r.front.Close()
	r.back.Close()
	r.running.Wait()
}

// forward is one direction. A server that is not there yet refuses packets, which is an
// error of the next reading and not the end.
func (r *Relay) forward(read func([]byte) (int, error), write func([]byte)) {
	for failures := 0; failures < 10; {
		b := make([]byte, packetSize)
		n, err := read(b)
		if err != nil {
			failures++
			continue
		}
		failures = 0
		lost, delay := r.fate()
		switch {
		case lost:
		case delay == 0:
			write(b[:n])
		default:
			r.running.Add(1) // not yet waited to 0: this direction is counted
			time.AfterFunc(delay, func() {
				defer r.running.Done()
				write(b[:n])
			})
		}
	}
}

func (r *Relay) fate() (lost bool, delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut.Load() {
		return true, 0
	}
	if r.passed++; r.passed <= r.weather.Calm {
		return false, 0
	}
	lost = r.random.Float64() < r.weather.Loss
	if r.weather.Jitter > 0 {
		delay = time.Duration(r.random.Int64N(int64(r.weather.Jitter)))
	}
	return lost, delay
}
