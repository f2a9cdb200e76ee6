package worker

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// sound decodes the source's audio once and encodes it at each bit rate. It belongs
// to one goroutine.
type sound struct {
	params   media.AudioParams // what decoder was opened for
	decoder  *astiav.CodecContext
	resample *resampler
	fifo     *astiav.AudioFifo
	clock    sampleClock
	read     int64 // samples taken out of fifo
	encoders []*aacEncoder

	format soundFormat
	packet *astiav.Packet
	frame  *astiav.Frame
	faults *faults
}

// soundFormat is what the encoders are fed with, always as libav's planar floats.
type soundFormat struct {
	rate   int // Hz
	layout astiav.ChannelLayout
}

// formatFor keeps what streaming players all take (44.1 and 48 kHz, mono and
// stereo) and converts the rest.
func formatFor(a media.AudioParams) soundFormat {
	f := soundFormat{48000, astiav.ChannelLayoutStereo}
	if a.SampleRate == 44100 {
		f.rate = a.SampleRate
	}
	if a.Channels == 1 {
		f.layout = astiav.ChannelLayoutMono
	}
	return f
}

func newSound(job pipeline.Job, emit func(pipeline.Output) error, log *slog.Logger) (*sound, error) {
	if job.Audio == nil {
		return nil, hopeless(errors.New("the job asks for audio of a source that has none"))
	}
	s := &sound{
		format: formatFor(*job.Audio), packet: astiav.AllocPacket(), frame: astiav.AllocFrame(),
		faults: newFaults("audio", log),
	}
	s.resample = newResampler(s.format)
	s.clock.rate = s.format.rate
	s.fifo = astiav.AllocAudioFifo(astiav.SampleFormatFltp, s.format.layout.Channels(), 4*media.FrameSamples)
	err := s.open(*job.Audio)
	for i := 0; err == nil && i < len(job.Audios); i++ {
		var e *aacEncoder
		if e, err = newAACEncoder(i, job.Audios[i], s.format, emit); err == nil {
			s.encoders = append(s.encoders, e)
		}
	}
	if err != nil {
		s.free()
		return nil, err
	}
	return s, nil
}

// open sets the decoder up for a.
func (s *sound) open(a media.AudioParams) error {
	if s.decoder != nil {
		s.decoder.Free()
	}
	codec := astiav.FindDecoder(astiav.CodecIDAac)
	s.decoder = astiav.AllocCodecContext(codec)
	s.params = a
	err := s.decoder.SetExtraData(a.Config)
	if err == nil {
		err = s.decoder.Open(codec, nil)
	}
	if err != nil {
		return fmt.Errorf("open AAC decoder for %d Hz, %d channels: %w", a.SampleRate, a.Channels, err)
	}
	return nil
}

func (s *sound) transcode(p media.Packet) error {
	if p.Audio != nil && !p.Audio.Same(&s.params) {
		if err := s.open(*p.Audio); err != nil {
			return hopeless(err)
		}
	}
	if err := fill(s.packet, p.Data); err != nil {
		return fmt.Errorf("decode audio at %d: %w", p.PTS, err)
	}
	s.packet.SetPts(int64(p.PTS))
	s.packet.SetDts(int64(p.PTS))
	err := s.decoder.SendPacket(s.packet)
	s.packet.Unref()
	for err == nil {
		if err = s.decoder.ReceiveFrame(s.frame); err == nil {
			takeErr := s.take(p.PTS)
			s.frame.Unref()
			if takeErr != nil {
				return takeErr
			}
		}
	}
	if !errors.Is(err, astiav.ErrEagain) {
		s.faults.note(err, p.PTS)
	}
	return nil
}

// take adds the decoded frame, which begins at pts, to what is to be encoded.
func (s *sound) take(pts media.Ticks) error {
	f, err := s.resample.convert(s.frame)
	if err != nil {
		return fmt.Errorf("resample audio at %d: %w", pts, err)
	}
	s.clock.wrote(pts, f.NbSamples())
	if f.NbSamples() > 0 {
		if _, err := s.fifo.Write(f); err != nil {
			return fmt.Errorf("keep audio at %d: %w", pts, err)
		}
	}
	for s.fifo.Size() >= media.FrameSamples {
		if err := s.encode(media.FrameSamples); err != nil {
			return err
		}
	}
	return nil
}

// encode gives the next n samples to every encoder.
func (s *sound) encode(n int) error {
	f := astiav.AllocFrame()
	defer f.Free()
	f.SetSampleFormat(astiav.SampleFormatFltp)
	f.SetSampleRate(s.format.rate)
	f.SetChannelLayout(s.format.layout)
	f.SetNbSamples(n)
	if err := f.AllocBuffer(0); err != nil {
		return fmt.Errorf("allocate an audio frame: %w", err)
	}
	if _, err := s.fifo.Read(f); err != nil {
		return fmt.Errorf("read audio samples: %w", err)
	}
	f.SetPts(s.read)
	at := s.clock.at(s.read)
	s.read += int64(n)
	for _, e := range s.encoders {
		if err := e.encode(f, at); err != nil {
			return err
		}
	}
	return nil
}

// flush puts out what is left, the last frame shorter than the others.
func (s *sound) flush() error {
	if n := s.fifo.Size(); n > 0 {
		if err := s.encode(n); err != nil {
			return err
		}
	}
	for _, e := range s.encoders {
		if err := e.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (s *sound) free() {
	for _, e := range s.encoders {
		e.free()
	}
	s.decoder.Free()
	s.resample.free()
	s.fifo.Free()
	s.packet.Free()
	s.frame.Free()
}
