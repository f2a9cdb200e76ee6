package worker

import (
	"errors"

	"github.com/asticode/go-astiav"
)

// resampler brings decoded audio into the encoders' format. What a decoder gives
// may differ from what its parameters told and may change at any frame.
type resampler struct {
	to  soundFormat
	swr *astiav.SoftwareResampleContext // nil before the first frame that needs it
	out *astiav.Frame
}

func newResampler(to soundFormat) *resampler {
	return &resampler{to: to, out: astiav.AllocFrame()}
}

// convert gives f itself where it fits, else a frame that holds until the next call.
func (r *resampler) convert(f *astiav.Frame) (*astiav.Frame, error) {
	if r.fits(f) {
		return f, nil
	}
	err := r.try(f)
	if errors.Is(err, astiav.ErrInputChanged) {
		r.swr.Free()
		r.swr = nil
		err = r.try(f)
	}
	return r.out, err
}

func (r *resampler) fits(f *astiav.Frame) bool {
	same, err := f.ChannelLayout().Compare(r.to.layout)
	return err == nil && same && f.SampleRate() == r.to.rate && f.SampleFormat() == astiav.SampleFormatFltp
}

func (r *resampler) try(f *astiav.Frame) error {
	if r.swr == nil {
		r.swr = astiav.AllocSoftwareResampleContext()
	}
	r.out.Unref()
	r.out.SetSampleFormat(astiav.SampleFormatFltp)
	r.out.SetSampleRate(r.to.rate)
	r.out.SetChannelLayout(r.to.layout)
	return r.swr.ConvertFrame(f, r.out)
}

func (r *resampler) free() {
	if r.swr != nil {
		r.swr.Free()
	}
	r.out.Free()
}
