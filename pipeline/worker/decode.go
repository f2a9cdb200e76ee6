package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/asticode/go-astiav"

	"ladderd/media"
)

// decoder turns the source's access units into pictures in order of display. It
// belongs to one goroutine.
type decoder struct {
	ctx    *astiav.CodecContext
	device *device     // that is to decode; nil where the CPU is
	byCPU  atomic.Bool // the device does not decode this source; the heartbeat asks
	failed int         // packets in a row that the device failed with
	packet *astiav.Packet
	params media.VideoParams
	keys   []media.Ticks // PTS of IDRs whose pictures have not come out yet
	last   media.Ticks   // PTS of the packet before, for messages
	before int64         // what libav had said before it got that packet
	faults *faults
}

// decoded is a picture as it left the decoder. Who holds it frees the frame.
type decoded struct {
	frame *astiav.Frame
	pts   media.Ticks
	key   bool // its packet was an IDR
	lost  bool // an IDR before it gave no picture
}

// newDecoder has dev decode, or the CPU where it is nil. Decoded pictures of which up
// to inFlight live at once are taken from it.
func newDecoder(dev *device, v media.VideoParams, inFlight int, log *slog.Logger) (*decoder, error) {
	d := &decoder{device: dev, params: v, faults: newFaults("video", log)}
	var err error
	if d.ctx, err = openDecoder(dev, v, inFlight, d.found); err != nil {
		return nil, err
	}
	d.packet = astiav.AllocPacket()
	return d, nil
}

// found is called when it shows whether the device decodes what comes, and may be
// called again where that changes.
func (d *decoder) found(format astiav.PixelFormat) {
	d.byCPU.Store(format != d.device.format)
	if d.byCPU.Load() {
		d.faults.log.Warn("the device does not decode this source; the CPU does", "device", d.device.id, "format", format)
	}
}

// onDevice tells whether the device decodes.
func (d *decoder) onDevice() bool { return d.device != nil && !d.byCPU.Load() }

func (d *decoder) free() {
	d.packet.Free()
	d.ctx.SetPixelFormatCallback(nil) // go-astiav keeps it by the context's address
	d.ctx.Free()
}

// decode hands to put all pictures that p completes. A packet that cannot be
// decoded costs no more than its own pictures: the decoder conceals what it can.
func (d *decoder) decode(p media.Packet, put func(decoded) error) error {
	data, err := d.withParams(p)
	if err != nil {
		return err
	}
	if p.Key {
		d.keys = append(d.keys, p.PTS)
	}
	d.last = p.PTS
	if err := fill(d.packet, data); err != nil {
		return fmt.Errorf("decode video at %d: %w", p.PTS, err)
	}
	d.packet.SetPts(int64(p.PTS))
	d.packet.SetDts(int64(p.DTS))
	d.before = libavSaid.mark()
	err = d.ctx.SendPacket(d.packet)
	d.packet.Unref()
	if err != nil {
		if err := d.note(err, p.PTS); err != nil {
			return err
		}
	}
	return d.receive(put)
}

// flush hands over what the decoder still holds. It takes no packet after that.
func (d *decoder) flush(put func(decoded) error) error {
	if err := d.ctx.SendPacket(nil); err != nil {
		return fmt.Errorf("drain video decoder: %w", err)
	}
	return d.receive(put)
}

func (d *decoder) receive(put func(decoded) error) error {
	for {
		f := astiav.AllocFrame()
		err := d.ctx.ReceiveFrame(f)
		if err != nil {
			f.Free()
		}
		switch {
		case errors.Is(err, astiav.ErrEagain), errors.Is(err, astiav.ErrEof):
			return nil
		case err != nil:
			if err := d.note(err, d.last); err != nil {
				return err
			}
			continue
		}
		d.failed = 0
		if err := put(d.tagged(f)); err != nil {
			return err
		}
	}
}

// deviceTries is with how many packets in a row a device may fail. One that is lost
// fails for good; one that is given a damaged source may say no more than that it failed.
const deviceTries = 30

// note passes over an error that is the source's fault.
func (d *decoder) note(err error, pts media.Ticks) error {
	if d.onDevice() && !errors.Is(err, astiav.ErrInvaliddata) {
		d.failed++
	}
	if d.failed > deviceTries {
		return deviceFault(d.before, fmt.Errorf("decode video at %d on %s: %w", pts, d.device.id, err))
	}
	d.faults.note(err, pts)
	return nil
}

// tagged finds out by PTS whether f is one of the source's IDRs. Its picture type
// does not tell: an I picture need not be an IDR.
func (d *decoder) tagged(f *astiav.Frame) decoded {
	out := decoded{frame: f, pts: media.Ticks(f.Pts())}
	for len(d.keys) > 0 && d.keys[0] < out.pts {
		d.keys = d.keys[1:]
		out.lost = true
	}
	if len(d.keys) > 0 && d.keys[0] == out.pts {
		d.keys = d.keys[1:]
		out.key = true
	}
	return out
}

// withParams is p's data, behind the parameter sets where they changed.
func (d *decoder) withParams(p media.Packet) ([]byte, error) {
	if p.Video == nil || p.Video.Same(&d.params) {
		return p.Data, nil
	}
	if p.Video.Width != d.params.Width || p.Video.Height != d.params.Height {
		return nil, hopeless(fmt.Errorf("the source's picture size changed from %d×%d to %d×%d in mid-stream",
			d.params.Width, d.params.Height, p.Video.Width, p.Video.Height))
	}
	d.params = *p.Video
	data := media.AppendNAL(nil, p.Video.SPS)
	data = media.AppendNAL(data, p.Video.PPS)
	return append(data, p.Data...), nil
}

// inputPadding is what libav's parsers may read past a packet's end, in bytes
// (AV_INPUT_BUFFER_PADDING_SIZE).
const inputPadding = 64

// fill copies data into an empty packet. go-astiav's FromData allocates no padding
// behind the data although libav reads it, so it is given some as data and then
// made shorter.
func fill(p *astiav.Packet, data []byte) error {
	padded := make([]byte, len(data)+inputPadding)
	copy(padded, data)
	if err := p.FromData(padded); err != nil {
		return fmt.Errorf("allocate a packet of %d bytes: %w", len(data), err)
	}
	p.SetSize(len(data))
	return nil
}

// faults logs each kind of decoding error once: a broken source makes thousands.
type faults struct {
	what string
	log  *slog.Logger
	seen map[string]bool
}

func newFaults(what string, log *slog.Logger) *faults {
	return &faults{what: what, log: log, seen: map[string]bool{}}
}

func (f *faults) note(err error, pts media.Ticks) {
	text := err.Error()
	if f.seen[text] {
		return
	}
	f.seen[text] = true
	f.log.Warn("source "+f.what+" cannot be decoded; going on with what follows", "error", text, "pts", pts)
}
