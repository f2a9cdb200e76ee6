package worker

import (
	"errors"
	"fmt"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/pace"
)

// order is a picture with all that is to be encoded with it; or that the encoder is to stop
// before a picture that it is not given any more.
type order struct {
	picture picture
	data    userData
	before  media.Ticks   // where it stops
	stopped chan struct{} // closed when it has; nil with a picture
}

// encoder is one video rendition's encoder. It belongs to one goroutine.
type encoder struct {
	index  int
	out    pipeline.VideoOutput
	coding encoding
	emit   func(source int, p media.Packet) error
	opened func() // called once, when the first encoder is open or it need not be
	told   bool   // it has been, or nobody waits for it
	budget *pace.Budget

	ctx    *astiav.CodecContext // nil before the first picture
	on     surface              // what ctx was opened for
	packet *astiav.Packet
	fresh  bool               // nothing has come out of ctx yet
	params *media.VideoParams // to go out with ctx's first packet; nil where that tells them
	asked  []asked            // pictures that are in the encoder, in order
}

// asked is what must come out for a picture that went in.
type asked struct {
	pts  media.Ticks
	idr  bool
	data userData // that the encoder does not write
}

// encode takes over o's frame.
func (e *encoder) encode(o order) error {
	p := o.picture
	defer p.frame.Free()
	if err := e.suit(p); err != nil {
		return err
	}
	p.frame.SetPts(int64(p.pts))
	// The decoder's picture type must not reach the encoder, which would obey it.
	p.frame.SetPictureType(astiav.PictureTypeNone)
	if p.grid {
		p.frame.SetPictureType(astiav.PictureTypeI)
	}
	want := asked{pts: p.pts, idr: p.grid}
	if !e.coding.writes() {
		want.data = o.data
	} else if err := putUserData(p.frame, o.data); err != nil {
		return err
	}
	if e.coding.follows() {
		e.ctx.SetBitRate(int64(e.budget.Periods(p.pts) * e.out.Bitrate))
	}
	e.asked = append(e.asked, want)
	before := libavSaid.mark()
	if err := e.ctx.SendFrame(p.frame); err != nil {
		return deviceFault(before, fmt.Errorf("encode %dx%d picture at %d: %w", e.out.Width, e.out.Height, p.pts, err))
	}
	return e.receive()
}

// suit opens the encoder, and opens it anew where a source that changed its colours
// or pixel format reaches a grid point: new parameter sets hold from an IDR on.
func (e *encoder) suit(p picture) error {
	if e.ctx != nil && (e.on == p.on || !p.grid) {
		return nil
	}
	if err := e.stop(); err != nil {
		return err
	}
	ctx, err := e.coding.open(e.out, p)
	if err != nil {
		return err
	}
	e.ctx, e.on, e.fresh, e.params = ctx, p.on, true, nil
	if sets := ctx.ExtraData(); len(sets) > 0 {
		if e.params, err = e.coding.params(sets, e.on); err != nil {
			return err
		}
	}
	e.tell()
	return nil
}

// tell has nobody wait for the encoder any more.
func (e *encoder) tell() {
	if !e.told {
		e.told = true
		e.opened()
	}
}

// stop puts out what the encoder holds and closes it. The next picture opens it anew.
func (e *encoder) stop() error {
	if e.ctx == nil {
		return nil
	}
	if err := e.flush(); err != nil {
		return err
	}
	e.ctx.Free()
	e.ctx = nil
	return nil
}

// flush puts out what the encoder still holds.
func (e *encoder) flush() error {
	if e.ctx == nil {
		return nil
	}
	if err := e.ctx.SendFrame(nil); err != nil {
		return fmt.Errorf("drain %dx%d encoder: %w", e.out.Width, e.out.Height, err)
	}
	return e.receive()
}

func (e *encoder) receive() error {
	for {
		before := libavSaid.mark()
		err := e.ctx.ReceivePacket(e.packet)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return nil
		}
		if err != nil {
			return deviceFault(before, fmt.Errorf("encode %dx%d: %w", e.out.Width, e.out.Height, err))
		}
		err = e.deliver()
		e.packet.Unref()
		if err != nil {
			return err
		}
	}
}

// deliver sends the packet on. It checks that the encoder did as it was told:
// renditions that do not agree about their IDRs must never reach a viewer.
func (e *encoder) deliver() error {
	pts := media.Ticks(e.packet.Pts())
	key := e.packet.Flags().Has(astiav.PacketFlagKey)
	if len(e.asked) == 0 || e.asked[0].pts != pts || e.asked[0].idr != key {
		return fmt.Errorf("encoder %dx%d made a picture at %d (keyframe: %t) where another one was asked for",
			e.out.Width, e.out.Height, pts, key)
	}
	owed := e.asked[0].data
	e.asked = e.asked[1:]
	data, err := e.accessUnit(e.packet.Data())
	if err != nil {
		return fmt.Errorf("encoder %dx%d at %d: %w", e.out.Width, e.out.Height, pts, err)
	}
	p := media.Packet{Kind: media.Video, PTS: pts, DTS: pts, Key: key, Data: owed.written(data), Video: e.params}
	e.params = nil
	return e.emit(e.index, p)
}

// accessUnit is what the encoder made of a picture. Encoders without extradata have
// their parameter sets in front of the first one.
func (e *encoder) accessUnit(data []byte) ([]byte, error) {
	first := e.fresh
	e.fresh = false
	if first && e.params == nil {
		var err error
		if e.params, err = e.coding.params(data, e.on); err != nil {
			return nil, err
		}
	}
	return e.coding.accessUnit(data, first)
}

func (e *encoder) free() {
	e.packet.Free()
	if e.ctx != nil {
		e.ctx.Free()
	}
}
