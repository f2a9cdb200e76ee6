package worker

import (
	"errors"
	"fmt"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// backend is what makes one graph's renditions, put together from pieces: a decoder, a
// way of scaling, and an encoder for each rendition. Each works in main memory or on the
// job's device; cascade.go moves pictures between the two where one piece leaves them
// elsewhere than the next one needs them (transfer.go). Nobody else knows what runs.
//
// Another kind of device is a row in devices: a function that opens it and says what
// libav calls its frames, what can be uploaded, and which filter scales on it
// (device.go). Decoding, scaling, uploading and downloading follow from that. Another
// encoder is a row in encodings: a type that implements encoding.
type backend struct {
	device *device // nil where the CPU does all
	decode bool    // the device decodes
	encode bool    // main is the device's
	scale  scaling
	main   encoding
	spare  encoding // for renditions that main does not take
}

// encoding is a make of encoder.
type encoding interface {
	// name is for logs.
	name() string
	// takes tells whether out is within what such encoders can do.
	takes(out pipeline.VideoOutput) bool
	// place is where its pictures must lie.
	place() place
	// open makes an encoder of out that takes pictures like p and makes no keyframe but
	// where the frame's picture type asks for one.
	open(out pipeline.VideoOutput, p picture) (*astiav.CodecContext, error)
	// follows tells whether the bit rate may be another one for each picture.
	follows() bool
	// writes tells whether encoders write captions and messages that hang on a frame.
	writes() bool
	// params reads the parameter sets in the extradata of an encoder that was opened for
	// s, or in its first access unit where it has no extradata.
	params(sets []byte, s surface) (*media.VideoParams, error)
	// accessUnit is what the encoder made of a picture, in AVCC and without parameter
	// sets. first says that it is the encoder's first one.
	accessUnit(data []byte, first bool) ([]byte, error)
}

// scaling is a way of scaling.
type scaling interface {
	// place is where it works, and format what it makes.
	place() place
	format() astiav.PixelFormat
	// open makes a scaler of pictures like p.
	open(p picture, to surface) (scaler, error)
}

// scaler scales one picture after the other.
type scaler interface {
	// scale fills the empty dst from src.
	scale(dst, src *astiav.Frame) error
	free()
}

// devices opens each kind of device.
var devices = map[pipeline.API]func(id string) (*device, error){
	pipeline.CUDA: openCUDA,
	pipeline.VA:   openVA,
}

// encodings makes each kind of encoder. Those of a device are given it; scaled says that
// their pictures lie there already.
var encodings = map[pipeline.Encoder]func(dev *device, scaled bool) (encoding, error){
	pipeline.X264:  newX264,
	pipeline.NVENC: newNVENC,
	pipeline.VAAPI: newVAAPI,
}

// openBackend is the one place where Job.Backend is looked at. Whatever fails here may
// work with another backend.
func openBackend(choice pipeline.Backend) (*backend, error) {
	b := &backend{decode: choice.Decode, encode: choice.Encoder != pipeline.X264, scale: swscaling{astiav.PixelFormatYuv420P}}
	if err := b.open(choice); err != nil {
		b.close()
		return nil, elsewhere(fmt.Errorf("open encoder backend %s: %w", choice, err))
	}
	return b, nil
}

func (b *backend) open(choice pipeline.Backend) (err error) {
	avoidGathers()
	if choice.Device.API != pipeline.CPU {
		open, ok := devices[choice.Device.API]
		if !ok {
			return fmt.Errorf("this worker knows no devices of %q", choice.Device.API)
		}
		if b.device, err = open(choice.Device.ID); err != nil {
			return err
		}
	}
	make, ok := encodings[choice.Encoder]
	if !ok {
		return errors.New("this worker does not know it")
	}
	if b.main, err = make(b.device, choice.Scale); err != nil {
		return err
	}
	switch {
	case choice.Scale:
		b.scale = deviceScaling{b.device}
	case b.main.place() == onDevice:
		b.scale = swscaling{astiav.PixelFormatNv12} // what is uploaded
	}
	b.spare, err = newX264(nil, false)
	return err
}

// encoding is what encodes out.
func (b *backend) encoding(out pipeline.VideoOutput) encoding {
	if b.main.takes(out) {
		return b.main
	}
	return b.spare
}

// decodes is the device that decodes; nil where the CPU does.
func (b *backend) decodes() *device {
	if b.decode {
		return b.device
	}
	return nil
}

// close frees what the pieces share, after all of them are freed.
func (b *backend) close() {
	if b.device != nil {
		b.device.close()
	}
}
